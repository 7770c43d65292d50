import type { UserProfileConfig } from '@keycloak/keycloak-admin-client/lib/defs/userProfileMetadata.js'
import type { ImportedUser } from '../files/rows.ts'

const builtIn = ['username', 'email', 'firstName', 'lastName'] as const

/**
 * What the realm's user profile has against a user, by the field's name and without its value; undefined: nothing.
 *
 * A partial import passes the profile over, and what it lets in can't log in or be changed afterwards. Checked is what
 * `POST users` would refuse by `length`, `email`, `pattern`, `options`, `integer`, `double`, the characters of names, and
 * what an administrator must give. Other validators are left to Keycloak, which applies them when the user is next changed.
 */
export function profileProblem(profile: UserProfileConfig, user: ImportedUser): string | undefined {
  for (const { name = '', required, validations, multivalued } of profile.attributes ?? []) {
    const values = valuesOf(user, name)
    const roles = required?.roles
    const isRequired =
      required !== undefined &&
      required.scopes === undefined &&
      (roles === undefined || roles.includes('admin'))
    if (isRequired && values.length === 0) return `${name} is required`
    if (values.length > 1 && multivalued !== true) return `${name} has more than one value`
    for (const [validator, options] of Object.entries(validations ?? {})) {
      const check = Object.hasOwn(validators, validator) ? validators[validator] : undefined
      const problem = check?.(values, (options ?? {}) as Options)
      if (problem !== undefined) return `${name} ${problem}`
    }
  }
  return undefined
}

/**
 * Names of attributes that the realm does not show to administrators: its profile does not declare them, or gives
 * administrators no right to view or edit them.
 */
export function hiddenAttributes(profile: UserProfileConfig, names: readonly string[]): string[] {
  if (names.length === 0) return []
  const { attributes = [], unmanagedAttributePolicy: policy } = profile
  const showsUnmanaged = policy !== undefined && String(policy) !== 'DISABLED'
  return names.filter((attribute) => {
    const declared = attributes.find(({ name }) => name === attribute)
    if (declared === undefined) return !showsUnmanaged
    const { view = [], edit = [] } = declared.permissions ?? {}
    return !view.includes('admin') && !edit.includes('admin')
  })
}

type Options = Readonly<Record<string, unknown>>
type Validator = (values: readonly string[], options: Options) => string | undefined

const validators: Readonly<Record<string, Validator>> = {
  length(values, { min, max }) {
    const [least, most] = [numberOf(min), numberOf(max)]
    if (least !== undefined && values.some(({ length }) => length < least)) {
      return `has fewer than ${least} characters`
    }
    return most !== undefined && values.some(({ length }) => length > most)
      ? `has more than ${most} characters`
      : undefined
  },
  email: each('is not an e-mail address', (value) =>
    /^[^\s@"(),:;<>[\]\\]+@[^\s@"(),:;<>[\]\\]+$/.test(value),
  ),
  integer: each('is not a whole number', (value) => /^[+-]?\d+$/.test(value)),
  double: each('is not a number', (value) => value.trim() !== '' && Number.isFinite(Number(value))),
  'username-prohibited-characters': each(
    'has a character that user names may not have',
    (value) => !/[<>&"'\s\v$%!#?§,;:*~/\\|^=[\]{}()`\p{Cc}]/u.test(value),
  ),
  'person-name-prohibited-characters': each(
    'has a character that names may not have',
    (value) => !/[<>&"\v$%!#?§;*~/\\|^=[\]{}()\p{Cc}]/u.test(value),
  ),
  pattern(values, { pattern }) {
    const expression = typeof pattern === 'string' ? toExpression(pattern) : undefined
    return expression === undefined || values.every((value) => expression.test(value))
      ? undefined
      : 'does not fit its pattern'
  },
  options: (values, { options }) =>
    Array.isArray(options) && values.some((value) => !options.includes(value))
      ? 'is not one of the values that it may have'
      : undefined,
}

function each(problem: string, holds: (value: string) => boolean): Validator {
  return (values) => (values.every(holds) ? undefined : problem)
}

/** Java's expression, where it means the same here: where that is not certain, Keycloak's own check is the one that counts. */
function toExpression(pattern: string): RegExp | undefined {
  if (/&&|\[\[|\\[QEGZzAh]|\(\?[a-z]/.test(pattern)) return undefined
  try {
    return new RegExp(`^(?:${pattern})$`, 'u')
  } catch {
    return undefined
  }
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' ? Number.parseInt(value, 10) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

/** The values that a row has for an attribute of the profile; empty ones are none. */
export function valuesOf(user: ImportedUser, name: string): string[] {
  const member = builtIn.find((each) => each === name)
  const given: unknown = member === undefined ? user.attributes?.[name] : user[member]
  const values = Array.isArray(given) ? given : [given]
  return values.flatMap((value) =>
    value === undefined || value === null || value === '' ? [] : String(value),
  )
}
