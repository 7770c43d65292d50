import { randomUUID } from 'node:crypto'
import type { KeyProviderId, RealmKey } from '../model/index.ts'
import type { RealmStore } from '../store/index.ts'
import { generated } from './generate-key.ts'

/** The providers of a new realm, as in Keycloak. */
const defaults: readonly (readonly [KeyProviderId, string, string?])[] = [
  ['rsa-generated', 'rsa-generated'],
  ['rsa-enc-generated', 'rsa-enc-generated', 'RSA-OAEP'],
  ['hmac-generated', 'hmac-generated-hs512', 'HS512'],
  ['aes-generated', 'aes-generated'],
]

/** Gives a new realm its key providers; RSA keys are generated on first use. */
export function addDefaultProviders(realm: RealmStore): void {
  for (const [provider, name, algorithm] of defaults) {
    const config = { priority: ['100'], ...(algorithm === undefined ? {} : { algorithm: [algorithm] }) }
    addKey(realm, { provider, name, config })
  }
}

/** Completes a realm that was stored before there were several providers. */
export function completeProviders(realm: RealmStore): void {
  const keys = realm.keys.values()
  if (keys.some((key) => key.provider !== undefined)) return
  for (const [provider, name, algorithm] of defaults) {
    const [keyAlgorithm] =
      algorithm === undefined ? (provider === 'aes-generated' ? ['AES'] : ['RS256']) : [algorithm]
    const config = { priority: ['100'], ...(algorithm === undefined ? {} : { algorithm: [algorithm] }) }
    const before = keys.find((key) => key.algorithm === keyAlgorithm)
    if (before === undefined) addKey(realm, { provider, name, config })
    else realm.keys.put({ ...before, provider, name, config })
  }
}

/** A key provider to add. */
export interface NewKey {
  readonly provider: KeyProviderId
  readonly name?: string
  readonly config: Readonly<Record<string, readonly string[]>>
  /** The component's id. */
  readonly id?: string
  /** Key material that is not to be generated. */
  readonly material?: Pick<RealmKey, 'privateKey' | 'certificate' | 'validTo' | 'secret'> & { kid?: string }
}

/** Adds a provider with a key of its own. */
export function addKey(
  realm: RealmStore,
  { provider, name, config, id = randomUUID(), material }: NewKey,
): Readonly<RealmKey> {
  return realm.keys.put({
    id,
    kid: '',
    ...usage(provider, config),
    providerId: id,
    createdAt: realm.now(),
    provider,
    ...(name === undefined ? {} : { name }),
    config,
    ...(material ?? generated(provider, config)),
  })
}

/** What the configuration of a provider says about its key. */
export function usage(
  provider: KeyProviderId,
  config: NewKey['config'],
): Pick<RealmKey, 'algorithm' | 'use' | 'priority' | 'active' | 'enabled'> {
  const value = (name: string): string | undefined => config[name]?.[0] || undefined
  const isEncryption = ['rsa-enc', 'rsa-enc-generated', 'ecdh-generated', 'aes-generated'].includes(provider)
  return {
    algorithm: algorithmOf(provider, value),
    use: isEncryption || value('keyUse')?.toLowerCase() === 'enc' ? 'ENC' : 'SIG',
    priority: Number(value('priority') ?? 0),
    active: value('active') !== 'false',
    enabled: value('enabled') !== 'false',
  }
}

const curveAlgorithms: Readonly<Record<string, string>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
}

function algorithmOf(provider: KeyProviderId, value: (name: string) => string | undefined): string {
  switch (provider) {
    case 'aes-generated':
      return 'AES'
    case 'hmac-generated':
      return value('algorithm') ?? 'HS256'
    case 'eddsa-generated':
      return 'EdDSA'
    case 'ecdsa-generated':
      return curveAlgorithms[value('ecdsaEllipticCurveKey') ?? 'P-256'] ?? 'ES256'
    case 'ecdh-generated':
      // Keycloak shows RS256 for a key without an algorithm.
      return value('ecdhAlgorithm') ?? 'RS256'
    case 'rsa-enc':
    case 'rsa-enc-generated':
      return value('algorithm') ?? 'RSA-OAEP'
    case 'rsa':
    case 'rsa-generated':
      return value('algorithm') ?? 'RS256'
  }
}
