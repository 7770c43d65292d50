import crypto, { type verify as nodeVerify } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'
import { createRevocations, createVerifier, type Verifier, type VerifierOptions } from 'cloakwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type VerifyAtOnce, verifyAtOnceBy } from '../../src/token/at-once.ts'
import { makeProofKey, signProof } from '../proof/support/proofs.ts'
import { claimsOf, documentOf, makeKey, signClaims, type TestKey } from '../support/issuer.ts'
import { codeOf } from '../support/refusal.ts'
import { collectUnhandled } from '../support/unhandled.ts'

// New tokens that come in one turn of the event loop: the first is verified at once, the others in the thread pool.

type Callback = (error: Error | null, genuine: boolean) => void
type Arguments = readonly [hash: string, data: Buffer, key: never, signature: Buffer, callback: Callback]

const issuer = 'https://sso.example.com/realms/shop'
const key = makeKey('one')
const other = makeKey('two', 'ES256')
const impostor = makeKey('one')
let jwks: readonly unknown[] = []
let tokens: readonly string[]
/** Also seen by modules that are loaded already. */
const real = crypto.verify
const spy = vi.spyOn(crypto, 'verify')
/** The limit of the wait for the pool: it passes only when a test says so. */
const timer = vi.spyOn(timers, 'setTimeout')
const due: (() => void)[] = []
timer.mockImplementation(((callback: () => void) => {
  due.push(callback)
  return { unref: () => {} }
}) as unknown as typeof timers.setTimeout)
const passTime = (): void => {
  for (const callback of due.splice(0)) callback()
}
syncBuiltinESMExports()

const sign = (change: Record<string, unknown> = {}, by: TestKey = key): Promise<string> =>
  signClaims(by, claimsOf(issuer, change))
const forge = (token: string, number: number): string => {
  const [header, payload] = token.split('.') as [string, string]
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
  const forged = Buffer.from(JSON.stringify({ ...claims, sub: `mallory-${number}` })).toString('base64url')
  return `${header}.${forged}.${token.slice(token.lastIndexOf('.') + 1)}`
}
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function makeVerifier(options: Partial<VerifierOptions> = {}): Promise<Verifier> {
  const fetch = async (): Promise<Response> => Response.json({ ...documentOf(issuer), keys: jwks })
  const verifier = createVerifier({ issuer, audience: 'shop-api', fetch, ...options } as VerifierOptions)
  await verifier.ready()
  await nextTurn()
  spy.mockClear()
  return verifier
}

/** One RSA key serves all its algorithms: making one takes long. */
function keyFor(alg: string): TestKey {
  if (!/^[RP]S/.test(alg)) return makeKey('own', alg)
  return { ...key, kid: 'own', alg, jwk: { ...key.jwk, kid: 'own', alg } }
}

/** Calls of `crypto.verify` so far: on this thread, and in the pool. */
function counts(): { readonly here: number; readonly pool: number } {
  const pool = spy.mock.calls.filter((call) => typeof (call as unknown[])[4] === 'function').length
  return { here: spy.mock.calls.length - pool, pool }
}

/** Keeps the verdicts of the pool back until they are released: of the next signature, or of so many. */
function holdPool(count = 1): () => void {
  const held: (() => void)[] = []
  let left = count
  let pending = 0
  const implementation = (...all: unknown[]): unknown => {
    const [hash, data, publicKey, signature, callback] = all as unknown as Arguments
    if (callback === undefined) return real(hash, data, publicKey, signature)
    const isNext = left-- > 0
    pending += 1
    const answer: Callback = (error, genuine) => {
      pending -= 1
      callback(error, genuine)
    }
    return real(hash, data, publicKey, signature, (error, genuine) =>
      isHeld && isNext ? held.push(() => answer(error, genuine)) : answer(error, genuine),
    )
  }
  let isHeld = true
  spy.mockImplementation(implementation as typeof nodeVerify)
  const release = (): void => {
    isHeld = false
    for (const one of held.splice(0)) one()
  }
  releases.push(async () => {
    release()
    await vi.waitFor(() => expect(pending).toBe(0), { timeout: 10_000 })
  })
  return release
}

/** Run after each test: on a slow machine, the pool still works on its signatures, which would count in the next one. */
const releases: (() => Promise<void>)[] = []

/** Verifies a token in the pool: another one takes the turn. */
function verifyInPool(verify: VerifyAtOnce, token: string): Promise<unknown> {
  const [first = ''] = tokens
  void verify(first)
  const verified = verify(token)
  if (!(verified instanceof Promise)) throw new Error('It was verified at once')
  return verified
}

beforeAll(async () => {
  tokens = await Promise.all(Array.from({ length: 100 }, (_, number) => sign({ jti: `token-${number}` })))
})
beforeEach(() => {
  jwks = [key.jwk, other.jwk]
})
afterEach(async () => {
  for (const release of releases.splice(0)) await release()
  spy.mockReset()
  vi.useRealTimers()
})
afterAll(() => {
  spy.mockRestore()
  timer.mockRestore()
  syncBuiltinESMExports()
})

describe('main thread or thread pool', () => {
  test('verifies the first token of a turn at once, the others in the pool', async () => {
    const verify = verifyAtOnceBy(await makeVerifier())
    const [first, ...others] = tokens.slice(0, 5).map((token) => verify(token))
    expect(first).toMatchObject({ jti: 'token-0' })
    for (const [index, verified] of others.entries()) {
      expect(verified).toBeInstanceOf(Promise)
      expect(await verified).toMatchObject({ jti: `token-${index + 1}` })
    }
    expect(counts()).toEqual({ here: 1, pool: 4 })
  })

  test('verifies only the first token at once when several callbacks of a turn bring one each', async () => {
    const verify = verifyAtOnceBy(await makeVerifier())
    const verified = await Promise.all(
      tokens.slice(0, 4).map(
        (token) =>
          new Promise<unknown>((resolve) => {
            setImmediate(() => resolve({ value: verify(token) }))
          }),
      ),
    )
    expect(verified.map((one) => (one as { value: unknown }).value instanceof Promise)).toEqual([
      false,
      true,
      true,
      true,
    ])
  })

  test('verifies the first token of the next turn at once again', async () => {
    const verify = verifyAtOnceBy(await makeVerifier())
    for (const token of tokens.slice(0, 20)) {
      expect(verify(token)).not.toBeInstanceOf(Promise)
      await nextTurn()
    }
    expect(counts()).toEqual({ here: 20, pool: 0 })
  })

  test('verifies tokens at once that are awaited one after the other', async () => {
    const verifier = await makeVerifier()
    for (const token of tokens) await verifier.verify(token)
    expect(counts()).toEqual({ here: tokens.length, pool: 0 })
  })

  test('accepts a known token at once while others wait', async () => {
    const verify = verifyAtOnceBy(await makeVerifier())
    const [known = '', ...others] = tokens
    const token = verify(known)
    const waiting = others.map(async (one) => verify(one))
    expect(verify(known)).toBe(token)
    await Promise.all(waiting)
  })

  test('verifies tokens under fake timers, and afterwards the first of a turn at once', async () => {
    const verify = verifyAtOnceBy(await makeVerifier())
    vi.useFakeTimers({ toFake: ['setImmediate', 'setTimeout', 'queueMicrotask', 'Date'] })
    const verified = tokens.slice(0, 3).map(async (token) => verify(token))
    expect(await Promise.all(verified)).toHaveLength(3)
    vi.useRealTimers()
    await nextTurn()
    expect(verify(tokens[3] ?? '')).not.toBeInstanceOf(Promise)
  })
})

describe('a token in flight', () => {
  test('is verified once, however often it comes', async () => {
    const verify = verifyAtOnceBy(await makeVerifier())
    const [first = '', second = ''] = tokens
    void verify(first)
    const verified = await Promise.all(
      Array.from({ length: 50 }, async () => verify(Buffer.from(second).toString())),
    )
    expect(new Set(verified).size).toBe(1)
    expect(counts()).toEqual({ here: 1, pool: 1 })
  })

  test('is verified once without a cache, too, and again afterwards', async () => {
    const verify = verifyAtOnceBy(await makeVerifier({ cache: false }))
    const [first = '', second = ''] = tokens
    for (let time = 1; time <= 2; time++) {
      await nextTurn()
      void verify(first)
      await Promise.all([verify(second), verify(second)])
      expect(counts()).toEqual({ here: time, pool: time })
    }
  })

  test('shares its verdict with no token of the same signature', async () => {
    const verifier = await makeVerifier()
    const [first = '', genuine = ''] = tokens
    const all = [first, forge(genuine, 1), genuine, forge(genuine, 2), genuine, forge(genuine, 1)]
    expect(await Promise.all(all.map((token) => codeOf(() => verifier.verify(token))))).toEqual([
      'accepted',
      'CW_TOKEN_SIGNATURE',
      'accepted',
      'CW_TOKEN_SIGNATURE',
      'accepted',
      'CW_TOKEN_SIGNATURE',
    ])
  })

  test('shares its verdict with no other verifier', async () => {
    const verifiers = [await makeVerifier(), await makeVerifier({ audience: 'another' })]
    await codeOf(() => verifiers[0]?.verify(tokens[0] ?? ''))
    const token = tokens[1] ?? ''
    const codes = verifiers.map((verifier) => codeOf(() => verifier.verify(token)))
    expect(await Promise.all(codes)).toEqual(['accepted', 'CW_TOKEN_AUDIENCE'])
  })

  test('shares its verdict with no realm of the same issuer that replaced its own', async () => {
    const otherIssuer = 'https://sso.example.com/realms/other'
    let audience = 'shop-api'
    let fetched = 0
    const verifier = createVerifier({
      issuers: (named) => ({ issuer: named, audience }),
      maxIssuers: 1,
      fetch: async (url) => {
        const [of = ''] = String(url).split(/\/(?:\.well-known|protocol)\//)
        fetched++
        return Response.json({ ...documentOf(of), keys: jwks })
      },
    })
    const [first = '', second = '', third = ''] = tokens
    const ofOther = await sign({ iss: otherIssuer })
    await verifier.verify(first)
    await nextTurn()
    const release = holdPool()
    void verifier.verify(second)
    const before = codeOf(() => verifier.verify(third))
    expect(await codeOf(() => verifier.verify(ofOther))).toBe('accepted')
    expect(verifier.issuers, 'it replaced the realm').toEqual([otherIssuer])
    audience = 'another'
    const after = codeOf(() => verifier.verify(third))
    await vi.waitFor(() => expect(fetched).toBe(6))
    for (let turn = 1; turn <= 5; turn++) await nextTurn()
    release()
    expect([await before, await after]).toEqual(['accepted', 'CW_TOKEN_AUDIENCE'])
  })

  test('needs the proof of each request', async () => {
    const dpop = { publicUrl: 'https://api.example.com' }
    const verifier = await makeVerifier({ dpop })
    const proofKey = await makeProofKey()
    const token = await sign({ typ: 'DPoP', cnf: { jkt: proofKey.jkt } })
    const uri = 'https://api.example.com/'
    const proof = await signProof(proofKey, { method: 'GET', uri, accessToken: token })
    const presented = (scheme: 'Bearer' | 'DPoP', proofs: readonly string[]) => ({
      scheme,
      method: 'GET',
      target: '/',
      dpop: proofs,
      certificate: () => undefined,
    })
    await nextTurn()
    spy.mockClear()
    const verified = [
      codeOf(() => verifier.verify(tokens[0] ?? '')),
      codeOf(() => verifier.verify(token, presented('DPoP', [proof]))),
      codeOf(() => verifier.verify(token, presented('DPoP', []))),
      codeOf(() => verifier.verify(token, presented('Bearer', []))),
      codeOf(() => verifier.verify(token)),
    ]
    expect(counts()).toEqual({ here: 1, pool: 1 })
    const [, proven, ...unproven] = await Promise.all(verified)
    expect(proven).toBe('accepted')
    expect(unproven).not.toContain('accepted')
  })
})

describe('a pool that is busy with other work', () => {
  test('delays no token for longer than the limit', async () => {
    const verifier = await makeVerifier()
    const unhandled = collectUnhandled()
    const release = holdPool(Infinity)
    const [first = '', second = ''] = tokens
    void verifier.verify(first)
    const verified = [second, second, forge(first, 1)].map((token) => codeOf(() => verifier.verify(token)))
    expect(counts()).toEqual({ here: 1, pool: 2 })
    passTime()
    expect(counts()).toEqual({ here: 1, pool: 2 })
    passTime()
    expect(await Promise.all(verified)).toEqual(['accepted', 'accepted', 'CW_TOKEN_SIGNATURE'])
    expect(counts()).toEqual({ here: 3, pool: 2 })
    release()
    expect(await unhandled.take()).toEqual([])
  })

  test('gets no more than 64 signatures, however long it takes', async () => {
    const verifier = await makeVerifier()
    const release = holdPool(Infinity)
    for (let time = 1; time <= 3; time++) {
      const codes = Array.from({ length: 100 }, (_, number) =>
        codeOf(() => verifier.verify(forge(tokens[0] ?? '', number))),
      )
      passTime()
      passTime()
      expect(new Set(await Promise.all(codes))).toEqual(new Set(['CW_TOKEN_SIGNATURE']))
    }
    expect(counts()).toEqual({ here: 36 + 64 + 200, pool: 64 })
    release()
  })

  test('verifies nothing twice when it answers within the limit', async () => {
    const verifier = await makeVerifier()
    await Promise.all(tokens.slice(0, 10).map((token) => verifier.verify(token)))
    passTime()
    passTime()
    expect(counts()).toEqual({ here: 1, pool: 9 })
  })
})

describe('after the wait', () => {
  const start = 1_800_000_000
  const within = { iat: start, exp: start + 60 }

  test('refuses a token that expired meanwhile', async () => {
    let now = start
    const verify = verifyAtOnceBy(await makeVerifier({ now: () => now * 1000 }))
    const token = await sign(within)
    await nextTurn()
    const release = holdPool()
    void codeOf(() => verify(tokens[0] ?? ''))
    const verified = codeOf(() => verify(token))
    now = start + 65
    release()
    expect(await verified).toBe('CW_TOKEN_EXPIRED')
  })

  test('refuses a token that was revoked meanwhile', async () => {
    const revocations = createRevocations()
    const verify = verifyAtOnceBy(await makeVerifier({ revocations }))
    const token = await sign({ sid: 'left' })
    await nextTurn()
    const release = holdPool()
    const verified = codeOf(() => verifyInPool(verify, token))
    await revocations.revoke(issuer, { sid: 'left' })
    release()
    expect(await verified).toBe('CW_TOKEN_REVOKED')
    expect(await codeOf(() => verify(token))).toBe('CW_TOKEN_REVOKED')
  })

  test.each<[change: string, keys: () => readonly unknown[], code: string]>([
    ['was removed', () => [other.jwk], 'CW_TOKEN_KEY_UNKNOWN'],
    ['was replaced', () => [impostor.jwk], 'CW_TOKEN_SIGNATURE'],
    ['got another algorithm', () => [{ ...key.jwk, alg: 'PS256' }], 'CW_TOKEN_ALGORITHM'],
    ['is still there', () => [other.jwk, key.jwk], 'accepted'],
  ])('a token whose key %s meanwhile', async (_change, keys, code) => {
    const verify = verifyAtOnceBy(await makeVerifier())
    const added = makeKey('added', 'ES256')
    const newer = await sign({}, added)
    await nextTurn()
    const release = holdPool()
    const verified = codeOf(() => verifyInPool(verify, tokens[1] ?? ''))
    jwks = [...keys(), added.jwk]
    expect(await codeOf(() => verify(newer)), 'it makes the verifier fetch the keys again').toBe('accepted')
    release()
    expect(await verified).toBe(code)
    expect(await codeOf(() => verify(tokens[1] ?? '')), 'nothing was cached').toBe(code)
  })
})

describe('main thread and pool decide the same', () => {
  const tamper = (token: string, change: (signature: Buffer) => Buffer): string => {
    const [header, payload, signature = ''] = token.split('.')
    return `${header}.${payload}.${change(Buffer.from(signature, 'base64url')).toString('base64url')}`
  }
  test.each<[name: string, make: () => string | Promise<string>]>([
    ['accepted', () => sign()],
    ['another payload', () => forge(tokens[7] ?? '', 1)],
    ['no signature', () => tamper(tokens[8] ?? '', () => Buffer.alloc(0))],
    ['a short signature', () => tamper(tokens[8] ?? '', (signature) => signature.subarray(1))],
    ['an ECDSA signature of another size', async () => tamper(await sign({}, other), () => Buffer.alloc(70))],
    ['an ECDSA signature of zeros', async () => tamper(await sign({}, other), () => Buffer.alloc(64))],
    ['another key of the same name', () => sign({}, impostor)],
    ['an algorithm that is not the key’s', () => sign({}, makeKey('one', 'ES256'))],
    ['an unknown key', () => sign({}, makeKey('three', 'ES256'))],
    ['expired', () => sign({ exp: 1 })],
    ['another audience', () => sign({ aud: 'another' })],
    ['another issuer', () => sign({ iss: 'https://sso.example.com/realms/other' })],
    ['no access token', () => sign({ typ: 'ID' })],
    ['malformed', () => 'x'],
  ])('%s', async (_name, make) => {
    const token = await make()
    const alone = verifyAtOnceBy(await makeVerifier())
    const here = await textOf(() => alone(token))
    const verify = verifyAtOnceBy(await makeVerifier())
    void verify(tokens[0] ?? '')
    expect(await textOf(() => verify(token))).toEqual(here)
  })

  test.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'])(
    '%s: a genuine token is accepted, a forged one is not',
    async (algorithm) => {
      const own = keyFor(algorithm)
      jwks = [key.jwk, own.jwk]
      const verify = verifyAtOnceBy(await makeVerifier())
      const token = await sign({}, own)
      await nextTurn()
      spy.mockClear()
      void verify(tokens[0] ?? '')
      const codes = [codeOf(() => verify(token)), codeOf(() => verify(forge(token, 1)))]
      expect(counts()).toEqual({ here: 1, pool: 2 })
      expect(await Promise.all(codes)).toEqual(['accepted', 'CW_TOKEN_SIGNATURE'])
    },
  )
})

describe('a flood of forged tokens', () => {
  test('is refused, with at most 64 signatures waiting for the pool', async () => {
    const verifiers = [await makeVerifier(), await makeVerifier()]
    const unhandled = collectUnhandled()
    const release = holdPool(Infinity)
    const codes = Array.from({ length: 500 }, (_, number) =>
      codeOf(() => verifiers[number % 2]?.verify(forge(tokens[0] ?? '', number))),
    )
    expect(counts()).toEqual({ here: 436, pool: 64 })
    release()
    expect(new Set(await Promise.all(codes))).toEqual(new Set(['CW_TOKEN_SIGNATURE']))
    expect(await unhandled.take()).toEqual([])
  })

  test('leaves the pool usable', async () => {
    const verifier = await makeVerifier()
    await Promise.all(
      Array.from({ length: 200 }, (_, number) =>
        codeOf(() => verifier.verify(forge(tokens[0] ?? '', number))),
      ),
    )
    await nextTurn()
    spy.mockClear()
    expect(await Promise.all(tokens.slice(0, 10).map((token) => verifier.verify(token)))).toHaveLength(10)
    expect(counts()).toEqual({ here: 1, pool: 9 })
  })
})

async function textOf(attempt: () => unknown): Promise<unknown> {
  try {
    await attempt()
    return 'accepted'
  } catch (error) {
    const { code, message, hint, status } = error as Record<string, unknown>
    return { code, message, hint, status }
  }
}
