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

/** One validation error of a user, with Keycloak's message key. */
export interface ProfileProblem {
  readonly field: string
  readonly errorMessage: string
  readonly params: readonly unknown[]
}

/** The requested names, e-mail and attributes of a user, before the profile drops some. */
export type Proposed = Pick<User, 'username' | 'email' | 'firstName' | 'lastName'> & {
  attributes?: Attributes
}

/** All validation errors of a user, in Keycloak's order of attributes. */
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

/** For unmanaged attributes only the length is limited. */
function unmanagedFindings(
  realm: RealmStore,
  name: string,
  values: readonly string[],
  { before, context }: Asked,
): Finding[] {
  if (ofKeycloak.has(name)) return [...(validators['length']?.(values, longest, context) ?? [])]
  // A new user loses read-only attributes silently; on update, attributes of Keycloak itself are still protected.
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

/** Built-in attributes of Keycloak. */
const ofKeycloak: ReadonlySet<string> = new Set(['locale', 'kc.email.pending'])

/** The limit of the database. */
const longest = { min: 0, max: 2048 }

/** Implicit validations: one value, no longer than the database allows. */
function impliedValidations(
  attribute: ProfileAttribute,
  isRequired: boolean,
): Record<string, Record<string, unknown>> {
  return {
    length: longest,
    ...(attribute.multivalued === true ? {} : { multivalued: { min: isRequired ? 1 : 0, max: 1 } }),
  }
}

/** Roles and scopes decide if they are set. An e-mail that is the user name is always required; an unused user name never. */
export function isRequiredOf(realm: RealmStore, attribute: ProfileAttribute, role: ProfileRole): boolean {
  const { name, required } = attribute
  const { registrationEmailAsUsername } = realm.info
  if (name === 'username') return !registrationEmailAsUsername
  if (name === 'email' && registrationEmailAsUsername) return true
  if (required === undefined) return false
  const { roles = [], scopes = [] } = required
  // Scopes are requested at a login, never by an administrator.
  if (role === 'admin' && scopes.length > 0) return false
  return (roles.length === 0 && scopes.length === 0) || roles.includes(role)
}

/** Whether the attribute can be changed at all; the user name has its own rule. */
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

/** Non-ASCII characters before the @ are invalid if the mail server does not support them. */
function needsAsciiAddresses(realm: RealmStore): boolean {
  const smtp = (realm.info['smtpServer'] ?? {}) as Record<string, string>
  return Object.keys(smtp).length > 0 && smtp['allowutf8'] !== 'true'
}
