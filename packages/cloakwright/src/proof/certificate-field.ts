import { X509Certificate } from 'node:crypto'
import { CloakwrightError } from '../errors.ts'

/** Characters: node:http gives a whole head no more by default. */
const maxLength = 16_384

const pem = /^-----BEGIN CERTIFICATE-----([A-Za-z\d+/=\s]+)-----END CERTIFICATE-----\s*$/
const base64 = /^[A-Za-z\d+/]+={0,2}$/

/**
 * Reads a client certificate from the field in which a proxy passes it on, in each of the forms that are in use:
 * `:base64:` (RFC 9440), URL-encoded PEM (nginx `$ssl_client_escaped_cert`), PEM in one line (Apache), and bare base64,
 * URL-encoded or not, the client's own certificate first when there is a chain (Traefik, HAProxy).
 *
 * @returns The certificate (DER); `undefined` when the proxy says that there is none.
 * @throws {CW_PROOF_CERTIFICATE} The field comes twice or holds no certificate.
 */
export function toCertificate(name: string, values: readonly string[]): Uint8Array | undefined {
  const [value, second] = values
  if (second !== undefined) throw unreadable(name, 'comes twice')
  if (value === undefined || value === '' || value === '(null)') return undefined
  if (value.length > maxLength) throw unreadable(name, `is longer than ${maxLength} characters`)
  const encoded = encodedIn(unescape(value))
  if (encoded === undefined) throw unreadable(name, 'holds no certificate in a known form')
  const der = Buffer.from(encoded, 'base64')
  try {
    const { raw } = new X509Certificate(der)
    if (raw.equals(der)) return raw
  } catch {
    // no certificate
  }
  throw unreadable(name, 'holds no X.509 certificate')
}

function encodedIn(text: string): string | undefined {
  const framed = pem.exec(text)?.[1]?.replaceAll(/\s/g, '')
  const wrapped = text.startsWith(':') && text.endsWith(':') ? text.slice(1, -1) : undefined
  // A comma alone parts a chain; a comma and a space is how two fields become one, of which either could be forged.
  const bare = /^([^,]+)(?:,[^, ]+)*$/.exec(text)?.[1]
  return [framed, wrapped, bare].find((one) => one !== undefined && base64.test(one))
}

function unescape(value: string): string {
  if (!value.includes('%')) return value
  try {
    return decodeURIComponent(value)
  } catch {
    return ''
  }
}

function unreadable(name: string, why: string): CloakwrightError {
  return new CloakwrightError('CW_PROOF_CERTIFICATE', `Request: the proxy’s field ${name} ${why}`, {
    hint: 'Let the proxy set the field anew in every request, and remove what the client sent under that name.',
  })
}
