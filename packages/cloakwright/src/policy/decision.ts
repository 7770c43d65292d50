import { CloakwrightError } from '../errors.ts'
import type { AccessToken } from '../token/index.ts'
import type { Allowed, Policy, Refused } from './types.ts'

export const allowed: Allowed = Object.freeze({ allowed: true })

/** A plain refusal: no other login or scope would help. */
export function forbidden(reason: string): Refused {
  return { allowed: false, code: 'CW_FORBIDDEN', reason }
}

/** A refusal because the token does not state it; this does not prove the opposite either. */
export function undetermined(reason: string): Refused {
  return { ...forbidden(reason), undetermined: true }
}

/**
 * Fails closed on the names that a policy requires: a computed list may be empty or contain `undefined`.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function checkNames(kind: string, names: readonly unknown[]): void {
  if (names.length > 0 && names.every((name) => typeof name === 'string' && name !== '')) return
  throw new CloakwrightError('CW_CONFIG_INVALID', `policy: a ${kind} is empty or not a string`, {
    hint: 'Pass at least one.',
  })
}

/** Allows tokens that have every one of the names, compared exactly. */
export function holdsAll(
  kind: string,
  needed: readonly string[],
  held: (token: AccessToken) => readonly string[],
  refuse: (reason: string, token: AccessToken) => Refused = forbidden,
): Policy {
  checkNames(kind, needed)
  return {
    description: `${kind} ${needed.join(' and ')}`,
    evaluate(token) {
      const given = held(token)
      const missing = needed.filter((name) => !given.includes(name))
      return missing.length === 0 ? allowed : refuse(`missing ${kind}: ${missing.join(', ')}`, token)
    },
  }
}
