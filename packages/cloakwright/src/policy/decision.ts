import { CloakwrightError } from '../errors.ts'
import type { AccessToken } from '../token/index.ts'
import type { Allowed, Policy, Refused } from './types.ts'

export const allowed: Allowed = Object.freeze({ allowed: true })

/** A plain refusal: no other login and no other scope would help. */
export function forbidden(reason: string): Refused {
  return { allowed: false, code: 'CW_FORBIDDEN', reason }
}

/** A refusal because the token does not say: it is no proof of the opposite either. */
export function undetermined(reason: string): Refused {
  return { ...forbidden(reason), undetermined: true }
}

/**
 * Fails closed on what a policy asks for: a list that a caller computed may be empty, and `undefined` may have slipped in.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function checkNames(kind: string, names: readonly unknown[]): void {
  if (names.length > 0 && names.every((name) => typeof name === 'string' && name !== '')) return
  throw new CloakwrightError('CW_CONFIG_INVALID', `policy: a ${kind} is empty or no string`, {
    hint: 'Name at least one.',
  })
}

/** Allows tokens that hold every one of the names, compared letter by letter. */
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
