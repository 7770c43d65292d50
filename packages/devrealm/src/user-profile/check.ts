import { patternTester } from '../java-pattern/index.ts'
import { type Attributes, type User, valuesIn } from '../model/index.ts'
import type { RealmStore } from '../store/index.ts'
import { javaOrder } from '../text/index.ts'
import {
  declaredAttributes,
  isKeycloaksOwn,
  isOpen,
  isRootName,
  mayEdit,
  mayView,
  type ProfileRole,
  profileOf,
  rootNames,
} from './access.ts'
import { isFilled } from './attributes.ts'
import { localeOf } from './locale.ts'
import type { ProfileAttribute } from './profile.ts'
import { type Finding, type ValidatorContext, validators } from './validators/index.ts'

/** One thing that a profile has against a user, in Keycloak's words. */
export interface ProfileProblem {
  readonly field: string
  readonly errorMessage: string
  readonly params: readonly unknown[]
}

/** A user's names, address and attributes as they are asked for, before the profile leaves some out. */
export type Proposed = Pick<User, 'username' | 'email' | 'firstName' | 'lastName'> & {
  attributes?: Attributes
}

/** All that the profile has against a user, in the order in which Keycloak looks at the attributes. */
export function profileProblems(
  realm: RealmStore,
  user: Proposed,
  before: Readonly<User> | undefined,
  role: ProfileRole,
): ProfileProblem[] {
  const context: ValidatorContext = {
    isMatch: patternTester(),
    locale: localeOf(realm, before),
    emailAsUsername: realm.info.registrationEmailAsUsername,
    asciiAddresses: needsAsciiAddresses(realm),
  }
  const declared = new Map(declaredAttributes(realm).map((attribute) => [attribute.name, attribute]))
  const given = Object.keys(user.attributes ?? {}).filter((name) => !isRootName(name))
  const names = javaOrder([...new Set([...rootNames, ...declared.keys(), ...given])])
  return names.flatMap((name) => {
    const attribute = declared.get(name)
    const values = valuesOf(user, name)
    const asked = { before, role, context }
    const findings =
      attribute === undefined
        ? unmanagedFindings(realm, name, values, asked)
        : managedFindings(realm, attribute, values, asked)
    return distinct(findings).map(([errorMessage, ...params]) => ({
      field: name,
      errorMessage,
      params: [name, ...params],
    }))
  })
}

interface Asked {
  readonly before: Readonly<User> | undefined
  readonly role: ProfileRole
  readonly context: ValidatorContext
}

function managedFindings(
  realm: RealmStore,
  attribute: ProfileAttribute,
  given: readonly string[],
  { before, role, context }: Asked,
): Finding[] {
  const { name, validations = {} } = attribute
  const old = before === undefined ? [] : valuesOf(before, name)
  const isReadOnly = !isWritable(realm, attribute, role, before)
  const values = given.length === 0 && isReadOnly && !mayView(attribute, role) ? old : given
  const isRequired = isRequiredOf(realm, attribute, role)
  const findings: Finding[] = []
  for (const [validator, options] of Object.entries({
    ...impliedValidations(attribute, isRequired),
    ...validations,
  })) {
    const validate = Object.hasOwn(validators, validator) ? validators[validator] : undefined
    findings.push(...(validate?.(values, { isRequired, ...options }, context) ?? []))
  }
  if (isRequired && !isReadOnly && (values.length === 0 || !values.every(isFilled))) {
    findings.push(['error-user-attribute-required'])
  }
  const followsAddress = name === 'username' && context.emailAsUsername
  if (
    isReadOnly &&
    !followsAddress &&
    before !== undefined &&
    values.some(isFilled) &&
    !isSame(values, old)
  ) {
    findings.push(['error-user-attribute-read-only'])
  }
  return [...findings, ...ownFindings(name, values, old)]
}

/** Of attributes that the profile does not know only the length is limited. */
function unmanagedFindings(
  realm: RealmStore,
  name: string,
  values: readonly string[],
  { before, context }: Asked,
): Finding[] {
  if (ofKeycloak.has(name)) return [...(validators['length']?.(values, longest, context) ?? [])]
  // Nothing is said of what a new user loses; of one that is there, what Keycloak writes itself is protected all the same.
  if (profileOf(realm).unmanagedAttributePolicy === undefined && before === undefined) return []
  const own = ownFindings(name, values, before === undefined ? [] : valuesOf(before, name))
  const tooLong = isOpen(realm) ? validators['length']?.(values, longest, context) : []
  return [...own, ...(tooLong ?? [])]
}

function ownFindings(name: string, values: readonly string[], old: readonly string[]): Finding[] {
  const isChanged = (values[0]?.trim() ?? '') !== (old[0] ?? '')
  return isKeycloaksOwn(name) && values.length > 0 && isChanged
    ? [['updateReadOnlyAttributesRejectedMessage']]
    : []
}

/** Attributes that Keycloak declares itself. */
const ofKeycloak: ReadonlySet<string> = new Set(['locale', 'kc.email.pending'])

/** What the database takes. */
const longest = { min: 0, max: 2048 }

/** What holds without being said: one value, and no longer than the database takes. */
function impliedValidations(
  attribute: ProfileAttribute,
  isRequired: boolean,
): Record<string, Record<string, unknown>> {
  return {
    length: longest,
    ...(attribute.multivalued === true ? {} : { multivalued: { min: isRequired ? 1 : 0, max: 1 } }),
  }
}

/** Roles and scopes decide where they are named; an address that is the user name is always needed, what names no user never. */
export function isRequiredOf(realm: RealmStore, attribute: ProfileAttribute, role: ProfileRole): boolean {
  const { name, required } = attribute
  const { registrationEmailAsUsername } = realm.info
  if (name === 'username') return !registrationEmailAsUsername
  if (name === 'email' && registrationEmailAsUsername) return true
  if (required === undefined) return false
  const { roles = [], scopes = [] } = required
  // A scope is asked for at a login, never by an administrator.
  if (role === 'admin' && scopes.length > 0) return false
  return (roles.length === 0 && scopes.length === 0) || roles.includes(role)
}

/** Whether the attribute can be changed at all: a user name is another matter. */
export function isWritable(
  realm: RealmStore,
  attribute: ProfileAttribute,
  role: ProfileRole,
  before: Readonly<User> | undefined,
): boolean {
  if (attribute.name !== 'username') return mayEdit(attribute, role)
  if (realm.info.registrationEmailAsUsername) return false
  return before === undefined || realm.info['editUsernameAllowed'] === true
}

function valuesOf(user: Proposed, name: string): readonly string[] {
  if (!isRootName(name)) return valuesIn(user.attributes, name)
  const value = user[name]
  return value === undefined || value === '' ? [] : [value]
}

function isSame(values: readonly string[], others: readonly string[]): boolean {
  return values.length === others.length && values.every((value) => others.includes(value))
}

function distinct(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [JSON.stringify(finding), finding])).values()]
}

/** A mail server that can't take other letters before the @ refuses such addresses. */
function needsAsciiAddresses(realm: RealmStore): boolean {
  const smtp = (realm.info['smtpServer'] ?? {}) as Record<string, string>
  return Object.keys(smtp).length > 0 && smtp['allowutf8'] !== 'true'
}
