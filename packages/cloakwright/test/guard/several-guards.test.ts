import { type CommonOptions, createRevocations, createVerifier, type IssuerOptions, user } from 'cloakwright'
import { memoryReplayStore } from 'cloakwright/state'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createGuard, fromWebRequest, type Guard, readForm } from '../../src/guard/index.ts'
import { makeProofKey, type ProofKey, signProof } from '../proof/support/proofs.ts'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'

// Guards of one request, in addition to the behaviour tests of the adapters.

const publicUrl = 'https://api.example.com'
const key = makeKey('one', 'ES256')
let issuer: TestIssuer
let proofKey: ProofKey
let token: string
beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
  proofKey = await makeProofKey()
  const bound = { typ: 'DPoP', cnf: { jkt: proofKey.jkt } }
  token = await signClaims(key, claimsOf(issuer.issuer, bound))
})
afterEach(() => void vi.useRealTimers())
afterAll(() => issuer.close())

function guardOf(options: Partial<IssuerOptions & CommonOptions> = {}): Guard {
  const usual = { issuer: issuer.issuer, audience: 'shop-api', dpop: { publicUrl } }
  return createGuard({ verifier: createVerifier({ ...usual, ...options }) })
}

const makeProof = (): Promise<string> =>
  signProof(proofKey, { method: 'GET', uri: `${publicUrl}/`, accessToken: token })

const requestOf = (proof: string, text = token): Request =>
  new Request(publicUrl, { headers: { authorization: `DPoP ${text}`, dpop: proof } })

async function outcome(guard: Guard, request: Request, from: object = request): Promise<string> {
  const guarded = fromWebRequest(request, from, { form: () => readForm(request), id: () => undefined })
  const admission = await guard.admit(guarded, { policy: user(), anonymous: false })
  return admission.kind === 'refused' ? admission.log.code : admission.kind
}

test('of two verifiers with one replay store: the proof is used once, and each checks its own audience', async () => {
  const dpop = { publicUrl, replay: memoryReplayStore() }
  const guards = [guardOf({ dpop }), guardOf({ dpop })]
  const another = guardOf({ dpop, audience: 'another' })
  const proof = await makeProof()
  const request = requestOf(proof)
  for (const guard of guards) expect(await outcome(guard, request)).toBe('admitted')
  expect(await outcome(another, request)).toBe('CW_TOKEN_AUDIENCE')
  for (const guard of guards) expect(await outcome(guard, requestOf(proof))).toBe('CW_PROOF_REPLAYED')
})

test('of two verifiers with a replay store each: the proof is used in both', async () => {
  const stores = [memoryReplayStore(), memoryReplayStore()]
  const proof = await makeProof()
  const request = requestOf(proof)
  for (const replay of stores)
    expect(await outcome(guardOf({ dpop: { publicUrl, replay } }), request)).toBe('admitted')
  for (const replay of stores)
    expect(await outcome(guardOf({ dpop: { publicUrl, replay } }), requestOf(proof))).toBe(
      'CW_PROOF_REPLAYED',
    )
})

test('at the same time use the proof once', async () => {
  const guard = guardOf()
  const request = requestOf(await makeProof())
  const outcomes = await Promise.all([outcome(guard, request), outcome(guard, request)])
  expect(outcomes).toEqual(['admitted', 'admitted'])
})

test('refuse again what one of them has refused', async () => {
  const guard = guardOf()
  const proof = await makeProof()
  expect(await outcome(guard, requestOf(proof))).toBe('admitted')
  const replayed = requestOf(proof)
  for (const _time of [1, 2]) expect(await outcome(guard, replayed)).toBe('CW_PROOF_REPLAYED')
})

// Pools and tests reuse one object for several requests.
test('on a reused request object check its new credentials', async () => {
  const guard = guardOf()
  const object = {}
  const proof = await makeProof()
  const forged = await signClaims(makeKey('one', 'ES256'), claimsOf(issuer.issuer))
  expect(await outcome(guard, requestOf(proof), object)).toBe('admitted')
  expect(await outcome(guard, requestOf('x'), object)).toBe('CW_PROOF_INVALID')
  expect(await outcome(guard, requestOf(proof, forged), object)).toBe('CW_TOKEN_SIGNATURE')
})

// Some frameworks use one request for a whole connection, and a logout must take effect within a second.
test('a second apart check the token again, but do not use the proof twice', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const revocations = createRevocations()
  const guard = guardOf({ revocations })
  const request = requestOf(await makeProof())
  expect(await outcome(guard, request)).toBe('admitted')
  vi.setSystemTime(Date.now() + 1_000)
  expect(await outcome(guard, request)).toBe('admitted')
  await revocations.revoke(issuer.issuer, { sid: String(claimsOf(issuer.issuer)['sid']) })
  vi.setSystemTime(Date.now() + 1_000)
  expect(await outcome(guard, request)).toBe('CW_TOKEN_REVOKED')
})
