import type { Attributes, User } from '../model.ts'
import { javaOrder } from '../oidc/java-order.ts'
import type { RealmStore } from '../store/realm-store.ts'
import { AdminError } from './errors.ts'
import { patternTester } from './patterns.ts'
import type { Profile } from './settings-fields.ts'

interface Problem {
  field: string
  errorMessage: string
  params: unknown[]
}

const builtIn = ['username', 'email', 'firstName', 'lastName'] as const

type Named = Pick<User, 'username' | 'email' | 'firstName' | 'lastName' | 'attributes'>

export function profileOf(realm: RealmStore): Profile {
  return realm.info.userProfile as Profile
}

/** What is kept of the given attributes: those of the profile, and others where the realm's policy lets an administrator set them. */
export function keptAttributes(realm: RealmStore, given: Attributes): Attributes {
  const profile = profileOf(realm)
  const managed = new Set(profile.attributes?.map((attribute) => attribute.name))
  const isOpen = ['ENABLED', 'ADMIN_EDIT'].includes(profile.unmanagedAttributePolicy ?? '')
  const kept = Object.entries(given).filter(
    ([name, values]) =>
      !builtIn.some((each) => each === name) && values.length > 0 && (managed.has(name) || isOpen),
  )
  return Object.fromEntries(kept)
}

/** Attributes that the profile does not know. */
export function unmanagedAttributes(realm: RealmStore, user: Readonly<User>): Attributes {
  const managed = new Set(profileOf(realm).attributes?.map((attribute) => attribute.name))
  return Object.fromEntries(Object.entries(user.attributes ?? {}).filter(([name]) => !managed.has(name)))
}

/**
 * Checks a user against the realm's user profile, as for an administrator.
 *
 * @throws {AdminError} 400, one problem by itself and several as `errors`
 */
export function checkProfile(realm: RealmStore, user: Named, before?: Readonly<User>): void {
  const problems: Problem[] = []
  if (
    before !== undefined &&
    user.username !== before.username &&
    realm.info['editUsernameAllowed'] !== true &&
    !realm.info.registrationEmailAsUsername
  ) {
    problems.push(problem('username', 'error-user-attribute-read-only'))
  }
  const isMatch = patternTester()
  for (const attribute of profileOf(realm).attributes ?? []) {
    const values = valuesOf(user, attribute.name)
    const roles = attribute.required?.roles
    const isRequired = attribute.required !== undefined && (roles === undefined || roles.includes('admin'))
    if (values.length === 0 && isRequired) {
      problems.push(problem(attribute.name, 'error-user-attribute-required'))
    }
    for (const value of values) {
      for (const [name, options] of Object.entries(attribute.validations ?? {})) {
        const found = Object.hasOwn(validators, name)
          ? validators[name]?.(value, options, isMatch)
          : undefined
        if (found !== undefined) problems.push(problem(attribute.name, ...found))
      }
    }
  }
  if (problems.length === 1) throw new AdminError(400, { ...problems[0] })
  if (problems.length > 1) {
    // Keycloak collects them in a map by message.
    const messages = javaOrder(problems.map((each) => each.errorMessage))
    const errors = messages.flatMap((message) => problems.filter((each) => each.errorMessage === message))
    throw new AdminError(400, { errors })
  }
}

/** What `users/profile/metadata` says about the profile. */
export function profileMetadata(realm: RealmStore, readOnlyUsername: boolean): Record<string, unknown> {
  const attributes = (profileOf(realm).attributes ?? []).map((attribute) => {
    const isUsername = attribute.name === 'username'
    const roles = attribute.required?.roles
    const validators = Object.entries(attribute.validations ?? {}).map(([name, options]) => [
      name,
      { ...options, 'ignore.empty.value': true },
    ])
    return {
      name: attribute.name,
      ...(attribute.displayName === undefined ? {} : { displayName: attribute.displayName }),
      required:
        isUsername || (attribute.required !== undefined && (roles === undefined || roles.includes('admin'))),
      readOnly: isUsername && readOnlyUsername,
      ...(attribute.annotations === undefined ? {} : { annotations: attribute.annotations }),
      validators: {
        ...(Object.fromEntries(validators) as Record<string, unknown>),
        ...(attribute.multivalued === true ? {} : { multivalued: { max: '1' } }),
      },
      ...(attribute.group === undefined ? {} : { group: attribute.group }),
      multivalued: attribute.multivalued ?? false,
    }
  })
  return { attributes, groups: profileOf(realm).groups ?? [] }
}

type Validator = (
  value: string,
  options: Record<string, unknown>,
  isMatch: (pattern: string, text: string) => boolean,
) => [string, ...unknown[]] | undefined

const validators: Record<string, Validator> = {
  length: (value, { min, max }) => {
    const least = min === undefined ? undefined : Number(min)
    const most = max === undefined ? undefined : Number(max)
    const isShort = least !== undefined && value.length < least
    const isLong = most !== undefined && value.length > most
    if (!isShort && !isLong) return undefined
    if (least !== undefined && most !== undefined) return ['error-invalid-length', least, most]
    if (isShort) return ['error-invalid-length-too-short', least, null]
    return ['error-invalid-length-too-long', null, most]
  },
  email: (value) =>
    /^[^\s@"(),:;<>[\]\\]+@[^\s@"(),:;<>[\]\\.]+(?:\.[^\s@"(),:;<>[\]\\.]+)*$/.test(value)
      ? undefined
      : ['error-invalid-email', value],
  'username-prohibited-characters': (value) =>
    /^[^<>&"'\s\v$%!#?§,;:*~/\\|^=[\]{}()`\p{Cc}]+$/u.test(value)
      ? undefined
      : ['error-username-invalid-character'],
  'person-name-prohibited-characters': (value) =>
    /^[^<>&"\v$%!#?§;*~/\\|^=[\]{}()\p{Cc}]+$/u.test(value)
      ? undefined
      : ['error-person-name-invalid-character'],
  pattern: (value, options, isMatch) =>
    isMatch(String(options['pattern']), value)
      ? undefined
      : [typeof options['error-message'] === 'string' ? options['error-message'] : 'error-pattern-no-match'],
  options: (value, { options }) =>
    Array.isArray(options) && !options.includes(value) ? ['error-invalid-value'] : undefined,
  integer: (value) => (/^-?\d+$/.test(value) ? undefined : ['error-invalid-number']),
  double: (value) =>
    value.trim() !== '' && Number.isFinite(Number(value)) ? undefined : ['error-invalid-number'],
  uri: (value) => (URL.canParse(value) ? undefined : ['error-invalid-uri']),
}

function problem(field: string, errorMessage: string, ...more: unknown[]): Problem {
  return { field, errorMessage, params: [field, ...more] }
}

function valuesOf(user: Named, name: string): string[] {
  const member = builtIn.find((each) => each === name)
  if (member === undefined) return (user.attributes?.[name] ?? []).filter((value) => value !== '')
  const value = user[member]
  return value === undefined || value === '' ? [] : [value]
}
