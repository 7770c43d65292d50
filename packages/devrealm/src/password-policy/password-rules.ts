import { patternTester } from '../java-pattern/index.ts'
import type { User } from '../model/index.ts'

type Check = (value: string, password: string, user: PolicyUser) => string | undefined

/** The user of the password. */
export type PolicyUser = Pick<User, 'username' | 'email'> & { credentials?: User['credentials'] }

const atLeast =
  (pattern: RegExp, what: string): Check =>
  (value, password) =>
    Array.from(password).filter((letter) => pattern.test(letter)).length < Number(value)
      ? `must contain at least ${value} ${what}.`
      : undefined

const isContained = (part: string | undefined, password: string): boolean =>
  part !== undefined && part !== '' && password.toLowerCase().includes(part.toLowerCase())

const isEqual = (part: string | undefined, password: string): boolean =>
  part !== undefined && part.toLowerCase() === password.toLowerCase()

interface PasswordRule {
  /** The key of the message. */
  readonly message: string
  /** The default value. */
  readonly value: string
  readonly check: Check
}

/** Keycloak's rules by their names in `passwordPolicy`. */
export const passwordRules: Readonly<Record<string, PasswordRule>> = {
  length: {
    message: 'invalidPasswordMinLengthMessage',
    value: '8',
    check: (value, password) => (password.length < Number(value) ? `minimum length ${value}.` : undefined),
  },
  maxLength: {
    message: 'invalidPasswordMaxLengthMessage',
    value: '64',
    check: (value, password) => (password.length > Number(value) ? `maximum length ${value}.` : undefined),
  },
  digits: {
    message: 'invalidPasswordMinDigitsMessage',
    value: '1',
    check: atLeast(/\p{Nd}/u, 'numerical digits'),
  },
  lowerCase: {
    message: 'invalidPasswordMinLowerCaseCharsMessage',
    value: '1',
    check: atLeast(/\p{Ll}/u, 'lower case characters'),
  },
  upperCase: {
    message: 'invalidPasswordMinUpperCaseCharsMessage',
    value: '1',
    check: atLeast(/\p{Lu}/u, 'upper case characters'),
  },
  specialChars: {
    message: 'invalidPasswordMinSpecialCharsMessage',
    value: '1',
    check: atLeast(/[^\p{L}\p{Nd}]/u, 'special characters'),
  },
  notUsername: {
    message: 'invalidPasswordNotUsernameMessage',
    value: '',
    check: (_, password, user) =>
      isEqual(user.username, password) ? 'must not be equal to the username.' : undefined,
  },
  notContainsUsername: {
    message: 'invalidPasswordNotContainsUsernameMessage',
    value: '',
    check: (_, password, user) =>
      isContained(user.username, password) ? 'Can not contain the username.' : undefined,
  },
  notEmail: {
    message: 'invalidPasswordNotEmailMessage',
    value: '',
    check: (_, password, user) =>
      isEqual(user.email, password) ? 'must not be equal to the email.' : undefined,
  },
  regexPattern: {
    message: 'invalidPasswordRegexPatternMessage',
    value: '.*',
    check: (value, password) =>
      patternTester()(value, password) ? undefined : 'fails to match regex pattern(s).',
  },
  passwordHistory: {
    message: 'invalidPasswordHistoryMessage',
    value: '3',
    // Password history needs hashes: see passwordProblem.
    check: () => undefined,
  },
}
