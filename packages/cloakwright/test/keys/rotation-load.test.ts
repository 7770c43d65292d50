import { randomUUID } from 'node:crypto'
import { createVerifier, type Verifier, type VerifierOptions } from 'cloakwright'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  type Answer,
  claimsOf,
  json,
  makeKey,
  signClaims,
  startIssuer,
  type TestIssuer,
  type TestKey,
} from '../support/issuer.ts'
import { codeOf } from '../support/refusal.ts'

// Like `npm run bench -- outage`, which runs against a server for minutes, but with a fake clock: counts, no times.

const keys = Array.from({ length: 5 }, (_, number) => makeKey(`key-${number}`, 'ES256'))
const [first, second] = keys as [TestKey, TestKey]
let issuer: TestIssuer
let now: number
beforeEach(async () => {
  issuer = await startIssuer([first.jwk])
  now = Date.now()
})
afterEach(() => issuer.close())

const make = (options: Partial<VerifierOptions> = {}): Verifier =>
  createVerifier({ issuer: issuer.issuer, audience: 'shop-api', now: () => now, cache: false, ...options })
const seconds = (count: number): void => {
  now += count * 1000
}
const tokensOf = (key: TestKey, count: number): Promise<string[]> =>
  Promise.all(
    Array.from({ length: count }, (_, number) =>
      signClaims(
        key,
        claimsOf(issuer.issuer, { jti: `${key.kid}-${number}`, exp: Math.floor(now / 1000) + 86_400 }),
      ),
    ),
  )
/** A token signed with an unknown key. */
const unknown = (): string => {
  const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid: randomUUID() })).toString('base64url')
  return `${header}.e30.${Buffer.alloc(64, 1).toString('base64url')}`
}
/** The number of requests by result, all sent at the same time, each token several times. */
const outcomesOf = async (
  verifier: Verifier,
  tokens: readonly string[],
  times = 1,
): Promise<Record<string, number>> => {
  const requests = Array.from({ length: times }, () => tokens).flat()
  const codes = await Promise.all(requests.map((token) => codeOf(() => verifier.verify(token))))
  const counts: Record<string, number> = {}
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1
  return counts
}

test('each rotation is one fetch, and tokens of the new key and the old ones are all accepted', async () => {
  const verifier = make()
  await verifier.ready()
  const old = await tokensOf(first, 50)
  for (const [index, key] of keys.entries()) {
    issuer.keys = keys.slice(0, index + 1).map(({ jwk }) => jwk)
    const tokens = [...old, ...(await tokensOf(key, 50))]
    expect(await outcomesOf(verifier, tokens)).toEqual({ accepted: 100 })
    expect(issuer.count.jwks).toBe(1 + index)
  }
})

test('a rotation while unknown keys arrive: at 500 requests a second, all wait for the cool-down and none is refused', async () => {
  const verifier = make()
  await verifier.ready()
  await codeOf(() => verifier.verify(unknown()))
  expect(issuer.count.jwks).toBe(2)
  issuer.keys = [first.jwk, second.jwk]
  const tokens = await tokensOf(second, 25)
  seconds(4.9)
  const attack = outcomesOf(verifier, Array.from({ length: 200 }, unknown))
  expect(await outcomesOf(verifier, tokens, 100)).toEqual({ accepted: 2500 })
  expect(await attack).toEqual({ CW_TOKEN_KEY_UNKNOWN: 200 })
  expect(issuer.count.jwks).toBe(3)
})

test('unknown keys that arrive during a fetch cause no second one before the cool-down is over', async () => {
  const verifier = make({ keysCoolDown: 1 })
  await verifier.ready()
  await codeOf(() => verifier.verify(unknown()))
  seconds(0.95)
  let release: (() => void) | undefined
  issuer.answers.jwks = (_request, response) => {
    release = () => json(response, { keys: issuer.keys })
  }
  const early = codeOf(() => verifier.verify(unknown()))
  await vi.waitFor(() => expect(release).toBeDefined())
  const late = outcomesOf(verifier, Array.from({ length: 100 }, unknown))
  seconds(1)
  delete issuer.answers.jwks
  release?.()
  expect(await early).toBe('CW_TOKEN_KEY_UNKNOWN')
  expect(await outcomesOf(verifier, await tokensOf(first, 10))).toEqual({ accepted: 10 })
  expect(issuer.count.jwks).toBe(3)
  expect(await late).toEqual({ CW_TOKEN_KEY_UNKNOWN: 100 })
  expect(issuer.count.jwks).toBe(4)
})

test('while a realm is down for a minute no request is refused, there is one fetch per cool-down, and then the new key is found', async () => {
  const verifier = make({ keysMaxAge: 10 })
  const known = await tokensOf(first, 20)
  await outcomesOf(verifier, known)
  const down: Answer = (request) => request.socket.destroy()
  issuer.answers = { discovery: down, jwks: down }
  const before = issuer.count.jwks
  for (let second = 0; second < 60; second++) {
    seconds(1)
    const fresh = await tokensOf(first, 5)
    expect(await outcomesOf(verifier, [...known, ...fresh])).toEqual({ accepted: 25 })
    expect(await codeOf(() => verifier.verify(unknown()))).toBe('CW_KEYS_UNAVAILABLE')
  }
  expect(issuer.count.jwks - before).toBe(12)

  issuer.answers = {}
  issuer.keys = [first.jwk, second.jwk]
  seconds(5)
  expect(await outcomesOf(verifier, await tokensOf(second, 20))).toEqual({ accepted: 20 })
})
