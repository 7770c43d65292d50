import { createPrivateKey, createPublicKey, sign } from 'node:crypto'

/**
 * A self-signed X.509 certificate (RFC 5280, version 1, like Keycloak's) for an RSA key, as in the `x5c` of a JWKS.
 *
 * @param privateKey PEM, PKCS #8
 * @param from milliseconds since the epoch
 * @returns the certificate's DER in base64
 */
export function selfSignedCertificate(privateKey: string, name: string, from: number, to: number): string {
  const key = createPrivateKey(privateKey)
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const subject = sequence(set(sequence(oid(commonName), element(0x0c, Buffer.from(name)))))
  const body = sequence(
    element(0x02, serialNumber(from)),
    algorithm,
    subject,
    sequence(utcTime(from), utcTime(to)),
    subject,
    publicKey,
  )
  const signature = sign('sha256', body, key)
  return sequence(body, algorithm, element(0x03, Buffer.concat([Buffer.from([0]), signature]))).toString(
    'base64',
  )
}

const commonName = [0x55, 0x04, 0x03]
const sha256WithRsa = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b]
const algorithm = sequence(oid(sha256WithRsa), element(0x05, Buffer.alloc(0)))

function element(tag: number, content: Buffer): Buffer {
  const length = content.length
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content])
  const bytes = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...bytes]), content])
}

function sequence(...parts: Buffer[]): Buffer {
  return element(0x30, Buffer.concat(parts))
}

function set(...parts: Buffer[]): Buffer {
  return element(0x31, Buffer.concat(parts))
}

function oid(bytes: readonly number[]): Buffer {
  return element(0x06, Buffer.from(bytes))
}

function utcTime(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/[-:T]/g, '').slice(2, 14)
  return element(0x17, Buffer.from(`${digits}Z`))
}

function serialNumber(milliseconds: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(milliseconds))
  // DER integers are positive and as short as possible: current times in milliseconds take six bytes, the first is 0x01.
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0))
}
