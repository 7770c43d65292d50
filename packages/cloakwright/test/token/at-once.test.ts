import { createVerifier, type Verifier } from 'cloakwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyAtOnceBy } from '../../src/token/index.ts'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'

const key = makeKey('one', 'ES256')
let issuer: TestIssuer
let verifier: Verifier
let token: string
beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
  verifier = createVerifier({ issuer: issuer.issuer, audience: 'shop-api' })
  token = await signClaims(key, claimsOf(issuer.issuer))
  await verifier.verify(token)
})
afterAll(() => issuer.close())

describe('verify() returns a promise', () => {
  test.each([
    ['of a token seen before', () => token, 'accepted'],
    ['of a new token', () => signClaims(key, claimsOf(issuer.issuer, { jti: 'new' })), 'accepted'],
    ['of a malformed token', () => 'x', 'CW_TOKEN_MALFORMED'],
    ['of what is not a string', () => undefined as unknown as string, 'CW_TOKEN_MALFORMED'],
  ])('%s: %s', async (_name, make, expected) => {
    const text = await make()
    // It would throw here.
    const verified = verifier.verify(text)
    expect(verified).toBeInstanceOf(Promise)
    const outcome = await verified.then(
      () => 'accepted',
      (error: { readonly code: string }) => error.code,
    )
    expect(outcome).toBe(expected)
  })
})

describe('guards', () => {
  test('decide synchronously on a known token, and on a refusal', () => {
    expect(verifyAtOnceBy(verifier)(token)).toMatchObject({ username: 'alice' })
    expect(() => verifyAtOnceBy(verifier)('x')).toThrow('Token')
  })

  const refusing: Verifier['verify'] = () => Promise.reject(new Error('refused by the application'))
  test('call an application’s own verify(): of a wrapper, and of a verifier that was changed', async () => {
    const wrapper = { ...verifier, verify: refusing }
    await expect(verifyAtOnceBy(wrapper)(token)).rejects.toThrow('by the application')
    const changed = createVerifier({ issuer: issuer.issuer, audience: 'shop-api' })
    const verifyAtOnce = verifyAtOnceBy(changed)
    await verifyAtOnce(token)
    Object.assign(changed, { verify: refusing })
    await expect(verifyAtOnce(token)).rejects.toThrow('by the application')
  })
})
