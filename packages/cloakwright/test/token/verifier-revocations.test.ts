import {
  CloakwrightError,
  createRevocations,
  createVerifier,
  type RevokedBy,
  type Verifier,
} from 'cloakwright'
import { memoryRevocationStore, type RevocationStore } from 'cloakwright/state'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { codeOf, refusalOf } from '../support/refusal.ts'

const key = makeKey('one', 'ES256')
let issuer: TestIssuer
beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
})
afterAll(() => issuer.close())

const sign = (change: Record<string, unknown> = {}): Promise<string> =>
  signClaims(key, claimsOf(issuer.issuer, { sid: 's1', sub: 'u1', jti: 'j1', ...change }))
const verifierWith = (revocations = createRevocations()): Verifier =>
  createVerifier({ issuer: issuer.issuer, audience: 'shop-api', revocations })

test.each<[what: string, by: () => RevokedBy]>([
  ['its session', () => ({ sid: 's1' })],
  ['its user', () => ({ subject: 'u1', issuedUntil: Math.floor(Date.now() / 1000) })],
  ['itself', () => ({ jti: 'j1' })],
  ['every token until now', () => ({ notBefore: Math.floor(Date.now() / 1000) + 1 })],
])('a cached token is refused from the moment that %s is revoked', async (_what, by) => {
  const revocations = createRevocations()
  const verifier = verifierWith(revocations)
  const token = await sign()
  const first = await verifier.verify(token)
  expect(await verifier.verify(token)).toBe(first)
  await revocations.revoke(issuer.issuer, by())
  expect(await codeOf(() => verifier.verify(token))).toBe('CW_TOKEN_REVOKED')
  expect(await codeOf(() => verifier.verify(token)), 'and stays so').toBe('CW_TOKEN_REVOKED')
})

test('another session’s token stays in the cache', async () => {
  const revocations = createRevocations()
  const verifier = verifierWith(revocations)
  const other = await sign({ sid: 's2' })
  const first = await verifier.verify(other)
  await revocations.revoke(issuer.issuer, { sid: 's1' })
  expect(await verifier.verify(other)).toBe(first)
})

test('a token that was never seen is refused too, and never cached', async () => {
  const revocations = createRevocations()
  const verifier = verifierWith(revocations)
  await revocations.revoke(issuer.issuer, { sid: 's1' })
  const token = await sign()
  for (let time = 0; time < 2; time++)
    expect(await codeOf(() => verifier.verify(token))).toBe('CW_TOKEN_REVOKED')
})

test('the same session id in another realm is another session', async () => {
  const revocations = createRevocations()
  await revocations.revoke('https://sso.example.com/realms/else', { sid: 's1' })
  expect(await codeOf(async () => verifierWith(revocations).verify(await sign()))).toBe('accepted')
})

test.each([
  ['a moment later', 2],
  ['also when the clock was set back', -60],
])(
  'until the revocations are known, no token is accepted: 503, and it recovers by itself, %s',
  async (_name, seconds) => {
    let down = true
    const shared = memoryRevocationStore()
    const store: RevocationStore = {
      add: (revocation) => shared.add(revocation),
      follow: async (onRevoked) => {
        if (down) throw new CloakwrightError('CW_STATE_UNAVAILABLE', 'The database can’t be reached')
        return await shared.follow(onRevoked)
      },
    }
    let now = Date.now()
    const revocations = createRevocations({ store, now: () => now })
    const verifier = verifierWith(revocations)
    const token = await sign()
    expect(await refusalOf(() => verifier.verify(token))).toMatchObject({
      code: 'CW_STATE_UNAVAILABLE',
      status: 503,
    })
    expect(await codeOf(() => verifier.ready())).toBe('CW_STATE_UNAVAILABLE')
    down = false
    now += seconds * 1000
    expect(await codeOf(() => verifier.verify(token))).toBe('accepted')
  },
)
