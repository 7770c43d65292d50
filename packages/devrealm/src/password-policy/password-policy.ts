import { isPasswordOf } from '../crypto/index.ts'
import { patternProblem } from '../java-pattern/index.ts'
import type { User } from '../model/index.ts'
import type { RealmStore } from '../store/index.ts'
import { type PolicyUser, passwordRules } from './password-rules.ts'

/** The problem of a policy string such as `length(8) and digits(1)`, or undefined. */
export function policyProblem(policy: string): string | undefined {
  for (const { name, value } of requirementsOf(policy)) {
    if (!isRule(name) && !accepted.includes(name)) return 'Password policy not found'
    if (numeric.includes(name) && !(/^\d{1,10}$/.test(value) && Number(value) < 2 ** 31)) {
      return `Invalid config for ${name}: Not a valid number`
    }
    const problem = name === 'regexPattern' ? patternProblem(value) : undefined
    if (problem !== undefined) {
      const reason = problem.isUnsupported ? problem.message : 'Not a valid regular expression'
      return `Invalid config for ${name}: ${reason}`
    }
  }
  return undefined
}

/** Why a password is rejected: message key and English text. */
export interface PasswordProblem {
  readonly key: string
  readonly message: string
}

/** Why the realm's policy rejects a new password of the user, or undefined. */
export async function passwordProblem(
  realm: RealmStore,
  user: PolicyUser,
  password: string,
): Promise<PasswordProblem | undefined> {
  for (const { name, value } of requirementsOf(realm.info.passwordPolicy ?? '')) {
    const rule = isRule(name) ? passwordRules[name] : undefined
    if (rule === undefined) continue
    let failed = rule.check(value, password, user)
    if (name === 'passwordHistory' && (await isCurrent(user, password))) {
      failed = `must not be equal to any of last ${value} passwords.`
    }
    if (failed !== undefined) return { key: rule.message, message: `Invalid password: ${failed}` }
  }
  return undefined
}

/** Policies about storage or expiry of passwords, not their content. */
const accepted = [
  'hashIterations',
  'hashAlgorithm',
  'forceExpiredPasswordChange',
  'maxAuthAge',
  'passwordAge',
]
const numeric = ['length', 'maxLength', 'digits', 'lowerCase', 'upperCase', 'specialChars', 'passwordHistory']

/** The history covers only the current password: older hashes are not stored. */
async function isCurrent(user: PolicyUser, password: string): Promise<boolean> {
  const { credentials = [] } = user
  if (!credentials.some((credential) => credential.type === 'password')) return false
  return isPasswordOf({ credentials } as User, password)
}

function isRule(name: string): boolean {
  return Object.hasOwn(passwordRules, name)
}

/** One part of a policy: the rule's name, and its value. */
interface Requirement {
  readonly name: string
  readonly value: string
}

function requirementsOf(policy: string): Requirement[] {
  const texts = policy.split(' and ').map((text) => text.trim())
  return texts.filter(Boolean).map((text) => {
    const [, name = '', given] = /^(\w+)\s*(?:\((.*)\))?$/s.exec(text) ?? []
    const known = isRule(name) ? passwordRules[name] : undefined
    return { name, value: given === undefined || given === 'undefined' ? (known?.value ?? '') : given }
  })
}
