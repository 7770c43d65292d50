import { type AccessToken, createVerifier, type Decision, type Policy } from 'cloakwright'
import { afterAll, beforeAll } from 'vitest'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../../support/issuer.ts'

const key = makeKey('one', 'ES256')

/** Creates verified tokens, with one realm per test file. */
export interface Tokens {
  /** Claims to add to those of a valid token, or to replace. */
  make(claims?: Record<string, unknown>): Promise<AccessToken>
  readonly issuer: TestIssuer
}

/** Starts the realm before the file's tests, and stops it after them. */
export function useTokens(): Tokens {
  let issuer: TestIssuer
  beforeAll(async () => {
    issuer = await startIssuer([key.jwk])
  })
  afterAll(() => issuer.close())
  return {
    get issuer() {
      return issuer
    },
    async make(claims = {}) {
      const verifier = createVerifier({ issuer: issuer.issuer, audience: 'shop-api', cache: false })
      return await verifier.verify(await signClaims(key, claimsOf(issuer.issuer, claims)))
    },
  }
}

export const now = 1_800_000_000

/** The decision of a policy on a token at {@link now}, without a request. */
export async function decide(policy: Policy, token: AccessToken, request?: unknown): Promise<Decision> {
  return await policy.evaluate(token, { now, request, tokenText: '' })
}

/** `allowed`, or the code of the refusal. */
export async function outcome(policy: Policy, token: AccessToken, request?: unknown): Promise<string> {
  const decision = await decide(policy, token, request)
  return decision.allowed ? 'allowed' : decision.code
}
