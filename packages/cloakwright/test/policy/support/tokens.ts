import { type AccessToken, createVerifier, type Decision, type Policy } from 'cloakwright'
import { afterAll, beforeAll } from 'vitest'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../../support/issuer.ts'

const key = makeKey('one', 'ES256')

/** Makes verified tokens, by a realm of the test file's own. */
export interface Tokens {
  /** Beside the claims of a good token, or in their place. */
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

/** What a policy says of a token at {@link now}, of a request that it does not look at. */
export async function decide(policy: Policy, token: AccessToken, request?: unknown): Promise<Decision> {
  return await policy.evaluate(token, { now, request, tokenText: '' })
}

/** `allowed`, or the code of the refusal. */
export async function outcome(policy: Policy, token: AccessToken, request?: unknown): Promise<string> {
  const decision = await decide(policy, token, request)
  return decision.allowed ? 'allowed' : decision.code
}
