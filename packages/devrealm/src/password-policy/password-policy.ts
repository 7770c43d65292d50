import { type AdminError, badRequest, refused } from '../admin/request/errors.ts'
import { isPasswordOf } from '../crypto/passwords.ts'
import { patternProblem, patternTester } from '../java-pattern/patterns.ts'
import type { User } from '../model/index.ts'
import type { RealmStore } from '../store/realm-store.ts'

interface Rule {
  readonly name: string
  readonly value: string
}

type Check = (value: string, password: string, user: PolicyUser) => string | undefined

/** Whose password it is to be. */
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

/** Keycloak's policies by their names in `passwordPolicy`: the key of the message, the default value, the check. */
const checks: Record<string, { message: string; value: string; check: Check }> = {
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
    // Which passwords were used is a question of hashes: see checkPassword.
    check: () => undefined,
  },
}

/** Policies that say how passwords are kept or when they end, not what they may be. */
const accepted = [
  'hashIterations',
  'hashAlgorithm',
  'forceExpiredPasswordChange',
  'maxAuthAge',
  'passwordAge',
]
const numeric = ['length', 'maxLength', 'digits', 'lowerCase', 'upperCase', 'specialChars', 'passwordHistory']

/**
 * Checks a policy's text, `length(8) and digits(1)`.
 *
 * @throws {AdminError} 400
 */
export function checkPolicy(policy: string): void {
  for (const { name, value } of rulesOf(policy)) {
    if (!Object.hasOwn(checks, name) && !accepted.includes(name)) throw refused('Password policy not found')
    if (numeric.includes(name) && !(/^\d{1,10}$/.test(value) && Number(value) < 2 ** 31)) {
      throw refused(`Invalid config for ${name}: Not a valid number`)
    }
    const problem = name === 'regexPattern' ? patternProblem(value) : undefined
    if (problem !== undefined) {
      const reason = problem.isUnsupported ? problem.message : 'Not a valid regular expression'
      throw refused(`Invalid config for ${name}: ${reason}`)
    }
  }
}

/**
 * Checks a new password against the realm's policy.
 *
 * @throws {AdminError} 400 with the key of the message and its English text
 */
export async function checkPassword(realm: RealmStore, user: PolicyUser, password: string): Promise<void> {
  const failure = await passwordFailure(realm, user, password)
  if (failure !== undefined) throw failure
}

async function passwordFailure(
  realm: RealmStore,
  user: PolicyUser,
  password: string,
): Promise<AdminError | undefined> {
  for (const { name, value } of rulesOf(realm.info.passwordPolicy ?? '')) {
    const rule = Object.hasOwn(checks, name) ? checks[name] : undefined
    if (rule === undefined) continue
    let failed = rule.check(value, password, user)
    if (name === 'passwordHistory' && (await isCurrent(user, password))) {
      failed = `must not be equal to any of last ${value} passwords.`
    }
    if (failed !== undefined) return badRequest(rule.message, `Invalid password: ${failed}`)
  }
  return undefined
}

/** The history goes back to the current password: this realm keeps no older hashes. */
async function isCurrent(user: PolicyUser, password: string): Promise<boolean> {
  const { credentials = [] } = user
  if (!credentials.some((credential) => credential.type === 'password')) return false
  return isPasswordOf({ credentials } as User, password)
}

function rulesOf(policy: string): Rule[] {
  const texts = policy.split(' and ').map((text) => text.trim())
  return texts.filter(Boolean).map((text) => {
    const [, name = '', given] = /^(\w+)\s*(?:\((.*)\))?$/s.exec(text) ?? []
    const known = Object.hasOwn(checks, name) ? checks[name] : undefined
    return { name, value: given === undefined || given === 'undefined' ? (known?.value ?? '') : given }
  })
}
