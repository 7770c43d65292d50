import { X509Certificate } from 'node:crypto'
import { certificateFor, type NewKey, pem, readPrivateKey } from '../../crypto/index.ts'
import type { KeyProviderId } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { refused } from '../errors.ts'

type Config = Readonly<Record<string, readonly string[]>>

/** The settings of each key provider. Keycloak drops others. */
const settings: Readonly<Record<KeyProviderId, string>> = {
  rsa: 'algorithm keyUse',
  'rsa-enc': 'algorithm',
  'rsa-generated': 'keySize algorithm',
  'rsa-enc-generated': 'keySize algorithm',
  'ecdsa-generated': 'ecdsaEllipticCurveKey',
  'ecdh-generated': 'ecdhEllipticCurveKey ecdhAlgorithm',
  'eddsa-generated': 'eddsaEllipticCurveKey',
  'hmac-generated': 'secretSize algorithm',
  'aes-generated': 'secretSize',
}

export function isKeyProvider(id: string | undefined): id is KeyProviderId {
  return id !== undefined && Object.hasOwn(settings, id)
}

/** @throws {AdminError} 400 with Keycloak's message for the first value that is invalid */
export function checkedConfig(provider: KeyProviderId, given: Config): Record<string, string[]> {
  const names = `priority enabled active ${settings[provider]}`.split(' ')
  const config: Record<string, string[]> = {}
  for (const name of names) {
    const values = (given[name] ?? []).filter((value) => value !== '')
    if (values.length > 0) config[name] = values
  }
  const value = (name: string): string | undefined => config[name]?.[0]
  const priority = value('priority')
  if (priority !== undefined && !/^-?\d+$/.test(priority)) throw refused("'Priority' should be a number")
  for (const [name, label] of [
    ['enabled', 'Enabled'],
    ['active', 'Active'],
  ] as const) {
    requireOneOf(label, value(name), ['true', 'false'])
  }
  requireOneOf('Key size', value('keySize'), ['1024', '2048', '3072', '4096'])
  requireOneOf('Secret size', value('secretSize'), ['16', '24', '32', '64', '128', '256', '512'])
  requireOneOf('Elliptic Curve', value('ecdsaEllipticCurveKey'), ['P-256', 'P-384', 'P-521'])
  requireOneOf('Elliptic Curve', value('ecdhEllipticCurveKey'), ['P-256', 'P-384', 'P-521'])
  requireOneOf('Elliptic Curve', value('eddsaEllipticCurveKey'), ['Ed25519', 'Ed448'])
  if (given['ecGenerateCertificate']?.[0] === 'true') {
    throw refused(
      'ecGenerateCertificate is not in the embedded realm: use the real Keycloak, or leave it out',
    )
  }
  const curve = curves[provider]
  return curve === undefined ? config : { ...config, [curve[0]]: config[curve[0]] ?? [curve[1]] }
}

const curves: Partial<Record<KeyProviderId, readonly [string, string]>> = {
  'ecdsa-generated': ['ecdsaEllipticCurveKey', 'P-256'],
  'ecdh-generated': ['ecdhEllipticCurveKey', 'P-256'],
  'eddsa-generated': ['eddsaEllipticCurveKey', 'Ed25519'],
}

function requireOneOf(label: string, value: string | undefined, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value)) return
  const quoted = allowed.map((each) => (each === 'true' || each === 'false' ? `'${each}'` : each))
  throw refused(`'${label}' should be ${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`)
}

/** The members of a configuration, by provider, with a private key of its own. */
const privateKeys: Partial<Record<KeyProviderId, string>> = {
  rsa: 'privateKey',
  'rsa-enc': 'privateKey',
  'ecdsa-generated': 'ecdsaPrivateKey',
  'ecdh-generated': 'ecdhPrivateKey',
  'eddsa-generated': 'eddsaPrivateKey',
}

/**
 * The key that a configuration brings with it, as `rsa` and every export have it; undefined if there is none.
 *
 * @param isExport an import also takes the keys of `rsa-generated`; the Admin API generates a new one
 * @throws {AdminError} 400 with Keycloak's message
 */
export function givenMaterial(
  realm: RealmStore,
  provider: KeyProviderId,
  given: Config,
  isExport: boolean,
): NewKey['material'] | undefined {
  const isImported = provider === 'rsa' || provider === 'rsa-enc'
  const text = (name: string): string | undefined => given[name]?.[0] || undefined
  const secret = text('secret')
  if (provider === 'hmac-generated' || provider === 'aes-generated') {
    return secret === undefined ? undefined : { kid: text('kid') ?? '', secret }
  }
  const isRsa = provider.startsWith('rsa')
  const member = isRsa ? 'privateKey' : (privateKeys[provider] ?? '')
  const privateKey = isImported || isExport || !isRsa ? text(member) : undefined
  if (privateKey === undefined) {
    if (isImported) throw refused("'Private RSA Key' is required")
    return undefined
  }
  const key = decoded(privateKey, isRsa)
  if (!isRsa) return pem(key)
  return { ...pem(key), ...certificateOf(realm, key, text('certificate')) }
}

function decoded(text: string, isRsa: boolean): ReturnType<typeof readPrivateKey> {
  try {
    const key = readPrivateKey(text)
    if (!isRsa || key.asymmetricKeyType === 'rsa') return key
  } catch {}
  throw refused('Failed to decode private key')
}

function certificateOf(
  realm: RealmStore,
  key: ReturnType<typeof readPrivateKey>,
  text: string | undefined,
): { certificate: string; validTo: number } {
  if (text === undefined) return certificateFor(realm, key, realm.now())
  let certificate: X509Certificate
  try {
    const base64 = text.replace(/-----[^-]+-----|\s/g, '')
    certificate = new X509Certificate(Buffer.from(base64, 'base64'))
  } catch {
    throw refused('Failed to decode certificate')
  }
  if (!certificate.checkPrivateKey(key)) throw refused('Certificate does not match private key')
  return { certificate: certificate.raw.toString('base64'), validTo: Date.parse(certificate.validTo) }
}
