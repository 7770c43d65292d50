import { createVerifier, type TokenCacheLimits, type Verifier } from 'cloakwright'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { heapInUse } from '../support/heap.ts'
import { claimsOf, makeKey, signClaims, signRaw, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { codeOf } from '../support/refusal.ts'

// A token that is served from the cache is the same object as at its first verification.

const key = makeKey('one', 'ES256')
const second = makeKey('two', 'ES256')
const start = 1_800_000_000
let now = start
let issuer: TestIssuer
beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
})
beforeEach(() => {
  now = start
  issuer.keys = [key.jwk]
  issuer.answers = {}
})
afterAll(() => issuer.close())

const make = (cache?: TokenCacheLimits | false): Verifier =>
  createVerifier({ issuer: issuer.issuer, audience: 'shop-api', now: () => now * 1000, cache })
const sign = (change: Record<string, unknown> = {}, by = key): Promise<string> =>
  signClaims(by, claimsOf(issuer.issuer, { exp: start + 300, iat: start, ...change }))

test('a known token is verified synchronously, with the same object', async () => {
  const verifier = make()
  const token = await sign()
  const first = await verifier.verify(token)
  expect(await verifier.verify(token)).toBe(first)
  // A copy of the string, as in the next request.
  expect(await verifier.verify(Buffer.from(token).toString())).toBe(first)
})

test('without a cache each verification is a new one', async () => {
  const verifier = make(false)
  const token = await sign()
  expect(await verifier.verify(token)).not.toBe(await verifier.verify(token))
})

test('a forged token with the end of a cached one finds nothing', async () => {
  const verifier = make()
  const token = await sign()
  await verifier.verify(token)
  const [header, , signature] = token.split('.') as [string, string, string]
  const forged = Buffer.from(JSON.stringify(claimsOf(issuer.issuer, { sub: 'mallory' }))).toString(
    'base64url',
  )
  expect(await codeOf(() => verifier.verify(`${header}.${forged}.${signature}`))).toBe('CW_TOKEN_SIGNATURE')
  expect(await codeOf(() => verifier.verify(signature.slice(-24)))).toBe('CW_TOKEN_MALFORMED')
  expect(await codeOf(() => verifier.verify(`x${token}`))).toBe('CW_TOKEN_MALFORMED')
})

test('nor with the end of one that is about to be dropped', async () => {
  const verifier = make({ maxEntries: 4 })
  const token = await sign()
  const first = await verifier.verify(token)
  for (const jti of ['a', 'b']) await verifier.verify(await sign({ jti }))
  const [header, , signature] = token.split('.') as [string, string, string]
  const claims = claimsOf(issuer.issuer, { sub: 'mallory' })
  const forged = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`
  expect(await codeOf(() => verifier.verify(forged))).toBe('CW_TOKEN_SIGNATURE')
  expect(await verifier.verify(token), 'that one was still there').toBe(first)
})

test('a cached token expires at its exp', async () => {
  const verifier = make()
  const token = await sign({ exp: start + 60 })
  const first = await verifier.verify(token)
  now = start + 59.9
  expect(await verifier.verify(token)).toBe(first)
  now = start + 60
  expect(await verifier.verify(token), 'within the tolerance it is verified anew').not.toBe(first)
  now = start + 65
  expect(await codeOf(() => verifier.verify(token))).toBe('CW_TOKEN_EXPIRED')
})

test('a cached token is not served before its time when the clock is set back', async () => {
  const verifier = make()
  const token = await sign({ nbf: start - 10, iat: start - 20 })
  await verifier.verify(token)
  now = start - 16
  expect(await codeOf(() => verifier.verify(token))).toBe('CW_TOKEN_NOT_YET_VALID')
})

test('a refusal is not cached', async () => {
  const verifier = make()
  const token = await sign({ nbf: start + 60 })
  expect(await codeOf(() => verifier.verify(token))).toBe('CW_TOKEN_NOT_YET_VALID')
  const unknown = await sign({}, second)
  expect(await codeOf(() => verifier.verify(unknown))).toBe('CW_TOKEN_KEY_UNKNOWN')
  now = start + 60
  issuer.keys = [key.jwk, second.jwk]
  expect(await codeOf(() => verifier.verify(token))).toBe('accepted')
  expect(await codeOf(() => verifier.verify(unknown))).toBe('accepted')
})

test('a removed key removes its cached tokens', async () => {
  const verifier = make()
  const token = await sign({ exp: start + 3600 })
  await verifier.verify(token)
  issuer.keys = [second.jwk]
  now = start + 301 // the keys are fetched again in the background
  await verifier.verify(token)
  await vi.waitFor(async () =>
    expect(await codeOf(() => verifier.verify(token))).toBe('CW_TOKEN_KEY_UNKNOWN'),
  )
})

test('another key with the same ID removes the cached tokens of the old one', async () => {
  const verifier = make()
  const token = await sign({ exp: start + 3600 })
  await verifier.verify(token)
  issuer.keys = [{ ...second.jwk, kid: 'one' }]
  now = start + 301
  await verifier.verify(token)
  await vi.waitFor(async () => expect(await codeOf(() => verifier.verify(token))).toBe('CW_TOKEN_SIGNATURE'))
})

test('a new key does not change the cache', async () => {
  const verifier = make()
  const token = await sign()
  const first = await verifier.verify(token)
  issuer.keys = [key.jwk, second.jwk]
  await verifier.verify(await sign({}, second))
  expect(await verifier.verify(token)).toBe(first)
})

test('it has at most its maximum of tokens, and those in use stay', async () => {
  const verifier = make({ maxEntries: 20 })
  const tokens = await Promise.all(Array.from({ length: 60 }, (_, at) => sign({ jti: `t${at}` })))
  const [used] = tokens as [string]
  const inUse = await verifier.verify(used)
  const firsts = []
  for (const token of tokens.slice(1)) {
    await verifier.verify(token)
    firsts.push([token, await verifier.verify(token)] as const)
    expect(await verifier.verify(used)).toBe(inUse)
  }
  let kept = 0
  // From the newest: a hit on an old one moves it to the young generation and may push another out.
  for (const [token, first] of firsts.toReversed()) if ((await verifier.verify(token)) === first) kept++
  expect(kept).toBeGreaterThan(0)
  expect(kept).toBeLessThanOrEqual(20)
})

test('after an overflow, a token is cached when it arrives again: tokens that arrive once replace nothing', async () => {
  const verifier = make({ maxEntries: 8 })
  const tokens = await Promise.all(Array.from({ length: 40 }, (_, at) => sign({ jti: `t${at}` })))
  const early = tokens.slice(0, 8)
  for (const token of early) await verifier.verify(token)
  const kept = await verifier.verify(early[7] as string)
  for (const token of tokens.slice(8)) await verifier.verify(token)
  expect(await verifier.verify(early[7] as string)).toBe(kept)
  const late = tokens[39] as string
  const second = await verifier.verify(late)
  expect(await verifier.verify(late)).toBe(second)
})

test('it has at most its maximum of bytes', async () => {
  const large = await sign({ text: 'x'.repeat(4000) })
  const small = await sign()
  const verifier = make({ maxBytes: 16_000 })
  expect(await verifier.verify(large)).not.toBe(await verifier.verify(large))
  expect(await verifier.verify(small)).toBe(await verifier.verify(small))
})

test('invalid tokens replace nothing', async () => {
  const verifier = make({ maxEntries: 4 })
  const token = await sign()
  const first = await verifier.verify(token)
  const [header, payload] = token.split('.') as [string, string]
  for (let at = 0; at < 200; at++) {
    const signature = Buffer.alloc(64, at).toString('base64url')
    expect(await codeOf(() => verifier.verify(`${header}.${payload}.${signature}`))).toBe(
      'CW_TOKEN_SIGNATURE',
    )
  }
  expect(await verifier.verify(token)).toBe(first)
})

test('tokens with the same end of signature do not find each other', async () => {
  const verifier = make()
  const [token, forged] = await Promise.all([sign(), sign({ sub: 'mallory' }, makeKey('one', 'ES256'))])
  const first = await verifier.verify(token)
  const alike = forged.slice(0, -20) + token.slice(-20)
  expect(await codeOf(() => verifier.verify(alike))).toMatch(/^CW_TOKEN_(SIGNATURE|MALFORMED)$/)
  expect(await verifier.verify(token)).toBe(first)
})

test('a cached token keeps nothing of the larger string that it was cut from', async () => {
  const verifier = make()
  const tokens = await Promise.all(Array.from({ length: 100 }, (_, at) => sign({ jti: `cut ${at}` })))
  await verifier.verify(await sign())
  const before = heapInUse()
  for (const token of tokens) {
    const request = `${'x'.repeat(2 ** 20)}${token}`
    request.charCodeAt(0) // makes one string of the two
    await verifier.verify(request.slice(2 ** 20))
  }
  expect(heapInUse() - before, 'of 100 MiB').toBeLessThan(8)
})

test('memory is limited with 10,000 valid tokens, each seen twice, and 25,000 forged ones', async () => {
  const verifier = make()
  const [header, payload] = (await sign()).split('.') as [string, string]
  const token = await sign()
  const first = await verifier.verify(token)
  const goodHeader = JSON.stringify({ alg: 'ES256', typ: 'JWT', kid: 'one' })
  const before = heapInUse()
  for (let at = 0; at < 10_000; at++) {
    const change = { exp: start + 300, iat: start, jti: `flood ${at}`, groups: 'x'.repeat(2000) }
    const one = signRaw(key, goodHeader, JSON.stringify(claimsOf(issuer.issuer, change)))
    await verifier.verify(one)
    await verifier.verify(one)
  }
  // The default limit is an estimate of 32 MiB.
  const full = heapInUse()
  expect(full - before).toBeLessThan(40)
  expect(await verifier.verify(token), 'the first has made room').not.toBe(first)
  for (let at = 0; at < 25_000; at++) {
    const forged = `${header}.${payload.slice(0, -8)}.${Buffer.from(`${at}`).toString('base64url')}`
    if ((await codeOf(() => verifier.verify(forged))) === 'accepted') expect.unreachable()
  }
  expect(heapInUse() - full).toBeLessThan(4)
}, 60_000)
