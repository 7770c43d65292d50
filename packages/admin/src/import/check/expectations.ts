import type { UserProfileConfig } from '@keycloak/keycloak-admin-client/lib/defs/userProfileMetadata.js'
import { CloakwrightError } from 'cloakwright'
import type { Admin } from '../../client/index.ts'
import type { ImportedUser, UserRow } from '../../files/index.ts'
import { type RealmFacts, texts } from '../../jobs/index.ts'
import { hiddenAttributes, trimmed, valuesOf } from '../profile/index.ts'
import type { Warnings } from './warnings.ts'

/** Warns about what a usable row leads to expect, and the realm does not do. */
export type Expectations = (row: UserRow) => Promise<void>

export function createExpectations(admin: Admin, facts: RealmFacts, warnings: Warnings): Expectations {
  const required = facts.enabledActions.has('VERIFY_PROFILE') ? requiredOfUsers(facts.profile) : []
  const hashes = createHashWarning(admin, warnings)
  return async ({ user }) => {
    for (const name of hiddenAttributes(facts.profile, Object.keys(user.attributes ?? {})))
      warnings.add('hidden-attribute', `attributes.${name}`, () => hidden(facts.profile, name))
    for (const { name, field, when } of required) {
      if (valuesOf(user, name).some((value) => trimmed(value) !== '')) continue
      warnings.add('missing-field', field, () => `missing: ${when}`)
    }
    for (const alias of texts(user.requiredActions)) {
      if (facts.enabledActions.has(alias)) continue
      warnings.add('disabled-action', `requiredActions ${alias}`, () => disabled)
    }
    await hashes(user)
  }
}

const disabled =
  'this required action is disabled in the realm: users are never asked for it, and the password grant is refused until you remove it'

function hidden({ attributes = [] }: UserProfileConfig, name: string): string {
  return attributes.some((attribute) => attribute.name === name)
    ? 'the user profile hides it from administrators: they can neither read nor change it'
    : 'the user profile does not declare it: it is stored but not readable. Declare it, or allow unmanaged attributes (Realm settings), then import'
}

/** What Keycloak asks a user for before the sign-in ends, where the user may give it. */
function requiredOfUsers(
  profile: UserProfileConfig,
): { readonly name: string; readonly field: string; readonly when: string }[] {
  return (profile.attributes ?? []).flatMap(({ name = '', required, permissions, selector }) => {
    if (name === 'username' || required == null || permissions?.edit?.includes('user') !== true) return []
    const { roles = [], scopes = [] } = required
    const isAlways = roles.includes('user') || (roles.length === 0 && scopes.length === 0)
    if (!isAlways && scopes.length === 0) return []
    const asked = [...(isAlways ? [] : scopes), ...(selector?.scopes ?? [])]
    const scope = asked.length === 0 ? '' : ` if the client requests the scope ${asked.join(' or ')}`
    const when = `users must fill it in before they can sign in. Until then the password grant is refused${scope} ("Account is not fully set up")`
    const isMember = ['email', 'firstName', 'lastName'].includes(name)
    return [{ name, field: isMember ? name : `attributes.${name}`, when }]
  })
}

type Credential = NonNullable<ImportedUser['credentials']>[number] & {
  readonly hashedSaltedValue?: unknown
  readonly algorithm?: unknown
  readonly salt?: unknown
}

/** Types of credentials that Keycloak itself has. */
const credentialTypes = new Set([
  'password',
  'otp',
  'webauthn',
  'webauthn-passwordless',
  'recovery-authn-codes',
])

/** Asks the server for its algorithms when a row first has a hash. */
function createHashWarning(admin: Admin, warnings: Warnings): (user: ImportedUser) => Promise<void> {
  let reading: Promise<ReadonlySet<string> | undefined> | undefined
  return async ({ credentials = [] }) => {
    for (const credential of credentials as readonly Credential[]) {
      const { type = '', value } = credential
      if (!credentialTypes.has(type))
        warnings.add('unknown-credential', `credentials ${type}`, () => unknownType)
      if (type !== 'password' || typeof value === 'string') continue
      const { algorithm, isWhole } = hashOf(credential)
      reading ??= hashAlgorithms(admin)
      const known = await reading
      const field = `credentials ${algorithm ?? 'without an algorithm'}`
      if (algorithm === undefined) warnings.add('unusable-hash', field, () => noAlgorithm)
      else if (known === undefined) warnings.add('unchecked', field, () => unreadableAlgorithms)
      else if (!known.has(algorithm))
        warnings.add('unusable-hash', field, () => unknownAlgorithm([...known].toSorted()))
      else if (!isWhole && ownAlgorithm.test(algorithm))
        warnings.add('unusable-hash', `${field} without hash or salt`, () => broken)
    }
  }
}

const unknownType =
  'this credential type is not built into Keycloak: it is stored, but only a custom provider can use it'
const noAlgorithm =
  'the password hash has no algorithm: a login with it fails with a server error. Add the algorithm to credentialData'
const broken = 'users cannot sign in with it: add value and salt to secretData'
const unreadableAlgorithms =
  'unchecked: the account has no permission to read the password hash algorithms of the server (serverinfo)'
const unknownAlgorithm = (known: readonly string[]): string =>
  `unknown password hash algorithm; the server has ${known.join(', ')}. Users cannot sign in with these passwords: install a provider for it, or reset the passwords`

const ownAlgorithm = /^(pbkdf2|argon2)/

function hashOf(credential: Credential): {
  readonly algorithm: string | undefined
  readonly isWhole: boolean
} {
  const data = recordOf(credential.credentialData)
  const secret = recordOf(credential.secretData)
  const algorithm = data['algorithm'] ?? credential.algorithm
  const hash = secret['value'] ?? credential.hashedSaltedValue
  const salt = secret['salt'] ?? credential.salt
  return {
    algorithm: typeof algorithm === 'string' && algorithm !== '' ? algorithm : undefined,
    isWhole: [hash, salt].every((part) => typeof part === 'string' && part !== ''),
  }
}

function recordOf(text: unknown): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = typeof text === 'string' ? JSON.parse(text) : undefined
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    // Keycloak refuses such a row, and says why.
    return {}
  }
}

/** Undefined where the account may not know, or the server does not say. */
async function hashAlgorithms({ client }: Admin): Promise<ReadonlySet<string> | undefined> {
  try {
    const { providers = {} } = await client.serverInfo.find()
    const hashing = Object.entries(providers).find(([spi]) => spi === 'password-hashing')?.[1]
    return hashing === undefined ? undefined : new Set(Object.keys(hashing.providers))
  } catch (error) {
    if (error instanceof CloakwrightError && error.code === 'CW_ADMIN_FORBIDDEN') return undefined
    throw error
  }
}
