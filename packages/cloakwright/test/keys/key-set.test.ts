import { generateKeyPairSync, randomUUID } from 'node:crypto'
import {
  CloakwrightError,
  createVerifier,
  type Fetch,
  type Verifier,
  type VerifierOptions,
} from 'cloakwright'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { heapInUse } from '../support/heap.ts'
import {
  type Answer,
  claimsOf,
  documentOf,
  json,
  makeKey,
  signClaims,
  startIssuer,
  type TestIssuer,
  type TestKey,
} from '../support/issuer.ts'
import { codeOf, refusalOf } from '../support/refusal.ts'

const one = makeKey('one', 'ES256')
const two = makeKey('two', 'ES256')
let issuer: TestIssuer
let now: number
beforeEach(async () => {
  issuer = await startIssuer([one.jwk])
  now = Date.now()
})
afterEach(() => issuer.close())

const make = (options: Partial<VerifierOptions> = {}): Verifier =>
  createVerifier({ issuer: issuer.issuer, audience: 'shop-api', now: () => now, cache: false, ...options })
const sign = (key: TestKey, change: Record<string, unknown> = {}): Promise<string> =>
  signClaims(key, claimsOf(issuer.issuer, { exp: Math.floor(now / 1000) + 86_400, ...change }))
/** A token signed with an unknown key. */
const unknown = (kid: string = randomUUID()): string => {
  const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid })).toString('base64url')
  return `${header}.e30.${Buffer.alloc(64, 1).toString('base64url')}`
}
const seconds = (count: number): void => {
  now += count * 1000
}

describe('key IDs', () => {
  test.each([
    ['one key', [one.jwk]],
    ['several keys', [one.jwk, two.jwk]],
  ])('a token without a kid is refused with %s in the set', async (_name, keys) => {
    issuer.keys = keys
    const token = await signClaims(one, claimsOf(issuer.issuer), { kid: undefined })
    const verifier = make()
    expect(await codeOf(() => verifier.verify(token))).toBe('CW_TOKEN_KEY_UNKNOWN')
    expect(issuer.count.jwks, 'nothing to look for').toBe(0)
  })

  test('1,000 unknown key IDs at the same time are one fetch, and the next 10,000 wait for the end of the cool-down', async () => {
    const verifier = make()
    await verifier.ready()
    issuer.count.jwks = 0
    const attack = async (length: number): Promise<Set<string>> =>
      new Set(await Promise.all(Array.from({ length }, () => codeOf(() => verifier.verify(unknown())))))
    expect(await attack(1_000)).toEqual(new Set(['CW_TOKEN_KEY_UNKNOWN']))
    expect(issuer.count.jwks).toBe(1)
    seconds(4.9)
    const waiting = attack(10_000)
    expect(await refusalOf(() => verifier.verify(unknown())), 'no more than that may wait').toMatchObject({
      code: 'CW_KEYS_UNAVAILABLE',
      retryAfter: 1,
    })
    expect(issuer.count.jwks).toBe(1)
    expect(await waiting).toEqual(new Set(['CW_TOKEN_KEY_UNKNOWN']))
    expect(issuer.count.jwks).toBe(2)
  })

  test('a key ID that was not found is refused at once during the cool-down', async () => {
    const verifier = make()
    const token = unknown()
    await verifier.ready()
    expect(await codeOf(() => verifier.verify(token))).toBe('CW_TOKEN_KEY_UNKNOWN')
    expect(await codeOf(() => verifier.verify(token))).toBe('CW_TOKEN_KEY_UNKNOWN')
    expect(issuer.count.jwks).toBe(2)
  })

  test('memory is limited with 1,000 unknown key IDs of 11,000 characters', async () => {
    const verifier = make()
    await verifier.ready()
    const attack = (): Promise<unknown> =>
      Promise.all(
        Array.from({ length: 1000 }, (_, at) =>
          codeOf(() => verifier.verify(unknown(`${at}${'x'.repeat(11_000)}`))),
        ),
      )
    const before = heapInUse()
    await attack()
    expect(heapInUse() - before, 'of 11 MiB').toBeLessThan(4)
  })

  test('a rotation during the cool-down refuses no request: the first one waits for its end', async () => {
    const verifier = make()
    await verifier.ready()
    await codeOf(() => verifier.verify(unknown()))
    issuer.keys = [two.jwk, one.jwk]
    seconds(4.9)
    const tokens = await Promise.all(Array.from({ length: 20 }, () => sign(two)))
    await Promise.all(tokens.map(async (token) => verifier.verify(token)))
    expect(issuer.count.jwks).toBe(3)
  })

  test('a key with the same ID in another realm does not help', async () => {
    const other = await startIssuer([{ ...two.jwk, kid: 'one' }])
    try {
      const theirs = createVerifier({ issuer: other.issuer, audience: 'shop-api' })
      const forged = await signClaims(one, claimsOf(other.issuer))
      expect(await codeOf(() => theirs.verify(forged))).toBe('CW_TOKEN_SIGNATURE')
    } finally {
      await other.close()
    }
  })
})

describe('rotation', () => {
  test('the first requests with a new key pass, by one fetch for all', async () => {
    const verifier = make()
    await verifier.verify(await sign(one))
    issuer.keys = [two.jwk, one.jwk]
    const tokens = await Promise.all(Array.from({ length: 50 }, () => sign(two)))
    await Promise.all(tokens.map(async (token) => verifier.verify(token)))
    expect(issuer.count).toEqual({ discovery: 1, jwks: 2 })
  })

  test('may follow at once after another, since only an unsuccessful lookup starts the cool-down', async () => {
    const verifier = make()
    await verifier.verify(await sign(one))
    issuer.keys = [two.jwk]
    expect(await codeOf(async () => verifier.verify(await sign(two)))).toBe('accepted')
    const three = makeKey('three', 'ES256')
    issuer.keys = [three.jwk]
    expect(await codeOf(async () => verifier.verify(await sign(three)))).toBe('accepted')
  })

  test('a fetch that began before the rotation is followed by another', async () => {
    const verifier = make({ keysCoolDown: 1 })
    await verifier.verify(await sign(one))
    const held: (() => void)[] = []
    issuer.answers.jwks = (_request, response) => {
      const asked = issuer.keys
      held.push(() => json(response, { keys: asked }))
    }
    seconds(301)
    await verifier.verify(await sign(one)) // starts the fetch in the background
    await vi.waitFor(() => expect(held).toHaveLength(1))
    issuer.keys = [two.jwk]
    const token = await sign(two)
    const early = codeOf(() => verifier.verify(token))
    delete issuer.answers.jwks
    held[0]?.()
    expect(await early).toBe('accepted')
  })

  test('a late response does not overwrite a newer one', async () => {
    let late: ((response: Response) => void) | undefined
    const slow: Fetch = (url, init) =>
      url.endsWith('/certs') && late === undefined
        ? new Promise((resolve) => {
            late = resolve
          })
        : fetch(url, init)
    const verifier = make({ fetch: slow, timeout: 50 })
    expect(await codeOf(async () => verifier.verify(await sign(one)))).toBe('CW_KEYS_UNAVAILABLE')
    seconds(2)
    issuer.keys = [two.jwk]
    expect(await codeOf(async () => verifier.verify(await sign(two)))).toBe('accepted')
    late?.(Response.json({ keys: [one.jwk] }))
    expect(await codeOf(async () => verifier.verify(await sign(two)))).toBe('accepted')
    expect(await codeOf(async () => verifier.verify(await sign(one)))).toBe('CW_TOKEN_KEY_UNKNOWN')
  })
})

describe('a clock that is set back by an hour', () => {
  test('does not delay a fetch for a new key', async () => {
    const verifier = make()
    await verifier.ready()
    expect(await codeOf(() => verifier.verify(unknown()))).toBe('CW_TOKEN_KEY_UNKNOWN')
    seconds(-3600)
    issuer.keys = [two.jwk, one.jwk]
    expect(await codeOf(async () => verifier.verify(await sign(two, { iat: 1 })))).toBe('accepted')
  })

  test('keeps no removed key in use', async () => {
    const verifier = make()
    const token = await sign(one, { iat: 1, exp: Math.floor(now / 1000) + 86_400 })
    await verifier.verify(token)
    issuer.keys = [two.jwk]
    seconds(-3600)
    await verifier.verify(token) // starts the fetch in the background
    await vi.waitFor(async () =>
      expect(await codeOf(() => verifier.verify(token))).toBe('CW_TOKEN_KEY_UNKNOWN'),
    )
  })

  test('does not delay an attempt after an outage', async () => {
    const verifier = make()
    issuer.answers.jwks = (_request, response) => json(response, {}, 500)
    expect((await refusalOf(() => verifier.ready()))?.code).toBe('CW_KEYS_UNAVAILABLE')
    delete issuer.answers.jwks
    seconds(-3600)
    expect(await codeOf(() => verifier.ready())).toBe('accepted')
  })
})

describe('responses of the realm', () => {
  const broken: readonly (readonly [string, Answer])[] = [
    [
      '302',
      (_request, response) => response.writeHead(302, { location: `${issuer.issuer}/elsewhere` }).end(),
    ],
    ['404', (_request, response) => json(response, { error: 'Realm does not exist' }, 404)],
    ['500', (_request, response) => json(response, { keys: [one.jwk] }, 500)],
    ['HTML', (_request, response) => response.end('<html>Bad gateway</html>')],
    ['a list', (_request, response) => json(response, [one.jwk])],
    ['an empty set', (_request, response) => json(response, { keys: [] })],
    ['no set', (_request, response) => json(response, { keys: 'none' })],
    ['a body without end', (_request, response) => endless(response)],
    ['a broken connection', (request) => request.socket.destroy()],
    ['nothing, ever', () => {}],
  ]

  test.each(broken)('%s: 503 without keys, and known keys keep working', async (_name, answer) => {
    const options = { timeout: 150 }
    const token = await sign(one)
    const known = make(options)
    await known.verify(token)
    issuer.answers.jwks = answer
    const asked = issuer.count.jwks
    const refusal = await refusalOf(() => make(options).verify(token))
    expect(refusal).toMatchObject({ code: 'CW_KEYS_UNAVAILABLE', status: 503 })
    expect(refusal?.retryAfter).toBeGreaterThanOrEqual(1)
    expect(issuer.count.jwks, 'no redirect is followed').toBe(asked + 1)
    seconds(3600)
    expect(await codeOf(() => known.verify(token))).toBe('accepted')
    expect(await codeOf(async () => known.verify(await sign(two)))).toBe('CW_KEYS_UNAVAILABLE')
    expect(await codeOf(() => known.ready())).toBe('accepted')
  })

  test('an outage ends without a restart', async () => {
    const verifier = make()
    issuer.answers.discovery = (_request, response) => json(response, {}, 500)
    const token = await sign(one)
    expect(await codeOf(() => verifier.verify(token))).toBe('CW_KEYS_UNAVAILABLE')
    expect(await codeOf(() => verifier.ready())).toBe('CW_KEYS_UNAVAILABLE')
    expect(issuer.count.discovery, 'one attempt a second').toBe(1)
    delete issuer.answers.discovery
    seconds(1)
    expect(await codeOf(() => verifier.verify(token))).toBe('accepted')
  })

  test('failed fetches are reported, for a log', async () => {
    const errors: CloakwrightError[] = []
    const verifier = make({ onKeysError: (error) => errors.push(error) })
    issuer.answers.jwks = (_request, response) => json(response, {}, 502)
    await codeOf(() => verifier.ready())
    expect(errors.map((error) => error.code)).toEqual(['CW_KEYS_UNAVAILABLE'])
  })

  test('many first requests cause one discovery and one fetch of keys', async () => {
    const verifier = make()
    const tokens = await Promise.all(Array.from({ length: 50 }, () => sign(one)))
    await Promise.all(tokens.map(async (token) => verifier.verify(token)))
    expect(issuer.count).toEqual({ discovery: 1, jwks: 1 })
  })

  test('a discovery document of another issuer is refused, and the cause has the reason', async () => {
    issuer.answers.discovery = (_request, response) => json(response, documentOf(`${issuer.issuer}2`))
    const refusal = await refusalOf(() => make().ready())
    expect(refusal?.code).toBe('CW_KEYS_UNAVAILABLE')
    expect(refusal?.cause).toMatchObject({ code: 'CW_DISCOVERY_ISSUER' })
    expect(refusal?.message).toContain(`${issuer.issuer}2`)
    expect(issuer.count.jwks).toBe(0)
  })

  test('a discovery document without jwks_uri is refused', async () => {
    issuer.answers.discovery = (_request, response) => json(response, { issuer: issuer.issuer })
    expect(await codeOf(() => make().ready())).toBe('CW_KEYS_UNAVAILABLE')
  })
})

describe('keys that cannot be used', () => {
  const pkcs1 = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  const secret = Buffer.alloc(32, 7).toString('base64url')
  test.each([
    ['private', { ...one.privateKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' }],
    ['symmetric', { kty: 'oct', k: secret, kid: 'one', alg: 'HS256', use: 'sig' }],
    ['for encryption (use)', { ...one.jwk, use: 'enc' }],
    ['for encryption (key_ops)', { ...one.jwk, use: undefined, key_ops: ['encrypt'] }],
    ['for encryption (alg)', { ...one.jwk, alg: 'ECDH-ES' }],
    ['of 1024 bits', { ...pkcs1, kid: 'one', alg: 'RS256', use: 'sig' }],
    ['of exponent 1', { ...makeKey('one').jwk, e: 'AQ' }],
    ['off its curve', { ...one.jwk, y: one.jwk.x }],
    ['of another curve than its algorithm', { ...one.jwk, alg: 'ES384' }],
    ['of an unknown type', { ...one.jwk, kty: 'XYZ' }],
    ['without a name', { ...one.jwk, kid: undefined }],
    ['named by a number', { ...one.jwk, kid: 1 }],
    ['null', null],
    ['a string', 'one'],
  ])('a key that is %s is skipped', async (_name, jwk) => {
    const token = await sign(one)
    issuer.keys = [jwk]
    expect(await codeOf(() => make().verify(token))).toBe('CW_KEYS_UNAVAILABLE')
    issuer.keys = [jwk, two.jwk]
    expect(await codeOf(() => make().verify(token))).toBe('CW_TOKEN_KEY_UNKNOWN')
    expect(await codeOf(async () => make().verify(await sign(two)))).toBe('accepted')
  })

  test('a key without alg works with every algorithm of its type, and no other', async () => {
    const { alg: _alg, ...jwk } = one.jwk
    issuer.keys = [jwk]
    expect(await codeOf(async () => make().verify(await sign(one)))).toBe('accepted')
  })
})

function endless(response: Parameters<Answer>[1]): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  const more = (): void => {
    if (!response.destroyed && response.write(' '.repeat(65_536))) setImmediate(more)
    else response.once('drain', more)
  }
  more()
}
