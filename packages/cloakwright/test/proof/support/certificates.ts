import { generateKeyPairSync } from 'node:crypto'
import { selfSignedCertificate } from '../../../../devrealm/src/crypto/certificate.ts'

/** A key pair with a self-signed certificate. */
export interface TestCertificate {
  /** PEM, PKCS #8. */
  readonly key: string
  /** PEM. */
  readonly cert: string
  readonly der: Buffer
}

export function makeCertificate(name: string): TestCertificate {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const hour = 3_600_000
  const base64 = selfSignedCertificate(key, name, Date.now() - hour, Date.now() + hour)
  const lines = base64.replaceAll(/.{64}/g, '$&\n').trimEnd()
  const cert = `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
  return { key, cert, der: Buffer.from(base64, 'base64') }
}
