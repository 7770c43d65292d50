import type { AccessToken } from './access-token.ts'

const fakes = new WeakSet<AccessToken>()

/** Marks a token that no realm gave: guards let nobody in by it. */
export function markFake(token: AccessToken): AccessToken {
  fakes.add(token)
  return token
}

/** Whether the token is one of `fakeAccessToken()`. */
export function isFake(token: AccessToken): boolean {
  return fakes.has(token)
}
