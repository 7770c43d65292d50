/** Where a message key stands in Keycloak's response. */
export interface KeyContext {
  /** The attribute whose value was refused. */
  readonly field?: string | undefined
  /** The parameters of the message; only numbers are used, because others may be the refused value. */
  readonly params?: readonly unknown[]
  /** The translated text, which for a password has the number of the rule. */
  readonly description?: string | undefined
}

/**
 * A message key of Keycloak as an English sentence, without the refused value; undefined for an unknown key. Covers the
 * validators of the user profile and the password policies of Keycloak 26.
 */
export function sentenceOf(
  key: string,
  { field, params = [], description }: KeyContext = {},
): string | undefined {
  const rule = Object.hasOwn(fieldRules, key) ? fieldRules[key] : undefined
  if (rule !== undefined) {
    // The first parameter is the name of the field.
    const [, ...limits] = params
    return `${field === undefined ? 'a field' : labelOf(field)} ${rule(limits.map(numberIn))}`
  }
  const password = Object.hasOwn(passwordRules, key) ? passwordRules[key] : undefined
  return password?.(/\d+/.exec(description ?? '')?.[0])
}

/** A field of a user in a sentence: `the user name`, `the attribute badge`. */
export function labelOf(field: string): string {
  return Object.hasOwn(labels, field) ? (labels[field] as string) : `the attribute ${field}`
}

const labels: Readonly<Record<string, string>> = {
  username: 'the user name',
  email: 'the e-mail address',
  firstName: 'the first name',
  lastName: 'the last name',
}

type Limits = readonly (number | undefined)[]

function numberIn(param: unknown): number | undefined {
  return typeof param === 'number' ? param : undefined
}

function range([min, max]: Limits, what: string): string {
  if (min !== undefined && max !== undefined) return `must have ${min} to ${max} ${what}`
  if (min !== undefined) return `must have at least ${min} ${what}`
  return max === undefined ? `has the wrong number of ${what}` : `must have at most ${max} ${what}`
}

function between([min, max]: Limits): string {
  if (min !== undefined && max !== undefined) return `must be from ${min} to ${max}`
  if (min !== undefined) return `must be at least ${min}`
  return max === undefined ? 'is outside of the allowed range' : `must be at most ${max}`
}

const length = (limits: Limits): string => range(limits, 'characters')
const fixed = (text: string) => (): string => text

const fieldRules: Readonly<Record<string, (limits: Limits) => string>> = {
  'error-empty': fixed('must not be empty'),
  'error-invalid-blank': fixed('must not be blank'),
  'error-user-attribute-required': fixed('is required'),
  'error-user-attribute-read-only': fixed('is read-only'),
  updateReadOnlyAttributesRejectedMessage: fixed('is read-only'),
  'error-invalid-value': fixed('is not one of the allowed values'),
  'error-invalid-length': length,
  'error-invalid-length-too-short': length,
  'error-invalid-length-too-long': length,
  'error-invalid-multivalued-size': (limits) => range(limits, 'values'),
  'error-invalid-number': fixed('is not a valid number'),
  'error-number-out-of-range': between,
  'error-number-out-of-range-too-small': between,
  'error-number-out-of-range-too-big': between,
  'error-invalid-email': fixed('is not a valid e-mail address'),
  'error-non-ascii-local-part-email': fixed('has a non-ASCII character before the @, which Keycloak forbids'),
  'error-invalid-date': fixed('is not a valid date'),
  'error-invalid-uri': fixed('is not a valid URI'),
  'error-invalid-uri-scheme': fixed('has a URI scheme that is not allowed'),
  'error-invalid-uri-fragment': fixed('has a fragment, which is not allowed'),
  'error-pattern-no-match': fixed('does not match the required pattern'),
  'error-username-invalid-character': fixed('has a character that Keycloak forbids'),
  'error-person-name-invalid-character': fixed('has a character that Keycloak forbids'),
}

const atLeast =
  (what: string) =>
  (count = 'more'): string =>
    `the password needs at least ${count} ${what}`

const passwordRules: Readonly<Record<string, (count: string | undefined) => string>> = {
  invalidPasswordMinLengthMessage: (count) =>
    count === undefined ? 'the password is too short' : `the password must have at least ${count} characters`,
  invalidPasswordMaxLengthMessage: (count) =>
    count === undefined ? 'the password is too long' : `the password must have at most ${count} characters`,
  invalidPasswordMinDigitsMessage: atLeast('digits'),
  invalidPasswordMinLowerCaseCharsMessage: atLeast('lower-case letters'),
  invalidPasswordMinUpperCaseCharsMessage: atLeast('upper-case letters'),
  invalidPasswordMinSpecialCharsMessage: atLeast('special characters'),
  invalidPasswordNotUsernameMessage: fixed('the password must not be the user name'),
  invalidPasswordNotContainsUsernameMessage: fixed('the password must not contain the user name'),
  invalidPasswordNotEmailMessage: fixed('the password must not be the e-mail address'),
  invalidPasswordRegexPatternMessage: fixed('the password does not match the required pattern'),
  invalidPasswordHistoryMessage: (count) =>
    count === undefined
      ? 'the password was used before'
      : `the password must differ from the last ${count} passwords`,
  invalidPasswordBlacklistedMessage: fixed('the password is on the list of forbidden passwords'),
  invalidPasswordGenericMessage: fixed('the password does not meet the password policy'),
}
