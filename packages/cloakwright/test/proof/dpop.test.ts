import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { memoryReplayStore } from 'cloakwright/state'
import fc from 'fast-check'
import { calculateJwkThumbprint, type JWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDpop, type Dpop, type DpopOptions } from '../../src/proof/index.ts'
import { replayStores, type SharedReplay } from '../state/support/replay-stores.ts'
import { codeOf, refusalOf } from '../support/refusal.ts'
import { athOf, makeProofKey, type ProofContent, type ProofKey, signProof } from './support/proofs.ts'

const publicUrl = 'https://api.example.com'
const target = '/orders/7?expand=lines'
const uri = 'https://api.example.com/orders/7'
const accessToken = 'header.payload.signature'
const now = Date.UTC(2026, 0, 1, 12, 0, 30)
const good = { method: 'GET', uri, accessToken, now }

let key: ProofKey
let other: ProofKey
let dpop: Dpop
beforeAll(async () => {
  key = await makeProofKey()
  other = await makeProofKey()
  dpop = createDpop({ publicUrl })
})

/** Checks proofs for the one valid request, with changes. */
function check(
  proofs: readonly string[],
  change: Partial<Parameters<Dpop['check']>[0]> = {},
  by: Dpop = dpop,
): Promise<void> {
  return by.check({ proofs, method: 'GET', target, accessToken, jkt: key.jkt, now, ...change })
}

async function codeWith(content: ProofContent, signer: ProofKey = key): Promise<string> {
  const proof = await signProof(signer, good, content)
  return codeOf(() => check([proof]))
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const seconds = now / 1000

describe('a valid proof', () => {
  test.each(['ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512', 'EdDSA'])(
    'by %s',
    async (algorithm) => {
      const signer = await makeProofKey(algorithm)
      const proof = await signProof(signer, good)
      expect(await codeOf(() => check([proof], { jkt: signer.jkt }))).toBe('accepted')
      expect(await codeOf(() => check([proof], { jkt: other.jkt }))).toBe('CW_PROOF_INVALID')
    },
  )

  test.each<[string, ProofContent]>([
    ['made at the edge of the past', { claims: { iat: seconds - 65 } }],
    ['made at the edge of the future', { claims: { iat: seconds + 5 } }],
    ['with a nonce that was not requested', { claims: { nonce: 'of-another-server' } }],
    ['with more claims and header members', { claims: { sub: 'x' }, header: { kid: 'k', x5u: 'https://x' } }],
    ['with a key that names its use', { header: { jwk: 'with use' } }],
  ])('%s', async (_name, { claims = {}, header = {} }) => {
    const jwk = header['jwk'] === undefined ? key.publicJwk : { ...key.publicJwk, use: 'sig', alg: 'ES256' }
    expect(await codeWith({ claims, header: { ...header, jwk } })).toBe('accepted')
  })

  test.each([
    ['HTTPS://API.EXAMPLE.COM/orders/7', target],
    ['https://api.example.com:443/orders/7', target],
    ['https://api.example.com/customers/../orders/./7', target],
    ['https://api.example.com/%6Frders/7?other#fragment', target],
    ['https://api.example.com/caf%c3%a9', '/caf%C3%A9'],
    ['https://api.example.com', '/'],
    ['https://api.example.com//orders', '//orders'],
  ])('for the same URL in another spelling: %s', async (htu, requested) => {
    const proof = await signProof(key, good, { claims: { htu } })
    expect(await codeOf(() => check([proof], { target: requested }))).toBe('accepted')
  })

  test.each([
    ['https://[2001:db8::1]:8443', 'https://[2001:0DB8:0::0:1]:8443/orders/7'],
    ['http://localhost:8000/shop', 'http://LOCALHOST:8000/shop/orders/7'],
    ['https://Api.Example.com:443', uri],
  ])('for a service at %s', async (at, htu) => {
    const proof = await signProof(key, good, { claims: { htu } })
    expect(await codeOf(() => check([proof], {}, createDpop({ publicUrl: at })))).toBe('accepted')
  })
})

describe('refused', () => {
  test.each<[string, ProofContent]>([
    ['a proof without a type', { header: { typ: undefined } }],
    ['an access token as a proof', { header: { typ: 'JWT' } }],
    ['a type in another case', { header: { typ: 'DPoP+JWT' } }],
    ['a proof without a key', { header: { jwk: undefined } }],
    ['a key that is a string', { header: { jwk: 'key' } }],
    ['a key that is a list', { header: { jwk: [] } }],
    ['a key without members', { header: { jwk: {} } }],
    ['a key for encryption', { header: { jwk: 'enc' } }],
    ['an unencoded payload', { header: { b64: true } }],
    ['no method', { claims: { htm: undefined } }],
    ['another method', { claims: { htm: 'POST' } }],
    ['the method in lower case', { claims: { htm: 'get' } }],
    ['no URL', { claims: { htu: undefined } }],
    ['a URL that is not a string', { claims: { htu: [uri] } }],
    ['a path as the URL', { claims: { htu: '/orders/7' } }],
    ['another path', { claims: { htu: 'https://api.example.com/orders/8' } }],
    ['the path in another case', { claims: { htu: 'https://api.example.com/Orders/7' } }],
    ['a slash at the end', { claims: { htu: `${uri}/` } }],
    ['an escaped slash', { claims: { htu: 'https://api.example.com/orders%2F7' } }],
    ['another host', { claims: { htu: 'https://evil.example/orders/7' } }],
    ['a host before an @', { claims: { htu: 'https://api.example.com@evil.example/orders/7' } }],
    ['another port', { claims: { htu: 'https://api.example.com:8443/orders/7' } }],
    ['another scheme', { claims: { htu: 'http://api.example.com/orders/7' } }],
    ['no iat', { claims: { iat: undefined } }],
    ['an iat that is a string', { claims: { iat: `${seconds}` } }],
    ['an old iat', { claims: { iat: seconds - 66 } }],
    ['an iat in the future', { claims: { iat: seconds + 6 } }],
    ['no ath', { claims: { ath: undefined } }],
    ['the ath of another token', { claims: { ath: athOf('another') } }],
    [
      'the ath in hexadecimal',
      { claims: { ath: Buffer.from(athOf(accessToken), 'base64url').toString('hex') } },
    ],
    ['no jti', { claims: { jti: undefined } }],
    ['an empty jti', { claims: { jti: '' } }],
    ['a jti that is a number', { claims: { jti: 7 } }],
    ['a jti of 257 characters', { claims: { jti: 'j'.repeat(257) } }],
  ])('%s', async (_name, { header = {}, claims = {} }) => {
    const jwk = header['jwk'] === 'enc' ? { ...key.publicJwk, use: 'enc' } : header['jwk']
    const content = 'jwk' in header ? { claims, header: { ...header, jwk } } : { claims, header }
    expect(await codeWith(content)).toBe('CW_PROOF_INVALID')
  })

  test.each([
    ['*', '*'],
    ['*', undefined],
    ['https://evil.example/orders/7', 'https://evil.example/orders/7'],
    ['https://evil.example/orders/7', 'none'],
    ['//\\t', '//\\t'],
  ])('the target %s with the URL %s: an invalid URL equals nothing', async (requested, htu) => {
    const proof = await signProof(key, good, { claims: { htu } })
    expect(await codeOf(() => check([proof], { target: requested }))).toBe('CW_PROOF_INVALID')
  })

  test('a proof by another key than the token’s', async () => {
    expect(await codeWith({}, other)).toBe('CW_PROOF_INVALID')
  })

  test('the token’s key in the header, and the signature of another', async () => {
    expect(await codeWith({ header: { jwk: key.publicJwk } }, other)).toBe('CW_PROOF_INVALID')
  })

  test.each(['ES256', 'RS256', 'EdDSA'])('the private %s key in the header', async (algorithm) => {
    const signer = await makeProofKey(algorithm)
    const jwk = signer.privateKey.export({ format: 'jwk' })
    const proof = await signProof(signer, good, { header: { jwk } })
    expect(await codeOf(() => check([proof], { jkt: signer.jkt }))).toBe('CW_PROOF_INVALID')
  })

  test.each(['none', 'HS256', 'es256', 'ES384', ['ES256'], null, undefined])(
    'the algorithm %j',
    async (alg) => {
      const claims = { htm: 'GET', htu: uri, iat: seconds, ath: athOf(accessToken), jti: 'one' }
      const input = `${encode({ typ: 'dpop+jwt', alg, jwk: key.publicJwk })}.${encode(claims)}`
      const mac = createHmac('sha256', JSON.stringify(key.publicJwk)).update(input).digest('base64url')
      for (const signature of ['', 'AA', mac])
        expect(await codeOf(() => check([`${input}.${signature}`]))).toBe('CW_PROOF_INVALID')
    },
  )

  test('an algorithm that is not in the options', async () => {
    const strict = createDpop({ publicUrl, algorithms: ['EdDSA'] })
    const proof = await signProof(key, good)
    expect(await refusalOf(() => check([proof], {}, strict))).toMatchObject({
      code: 'CW_PROOF_INVALID',
      hint: 'Sign proofs with one of EdDSA.',
    })
  })

  test('a key of 1024 bits', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const jwk = publicKey.export({ format: 'jwk' })
    const jkt = await calculateJwkThumbprint(jwk as JWK)
    const claims = { htm: 'GET', htu: uri, iat: seconds, ath: athOf(accessToken), jti: 'one' }
    const input = `${encode({ typ: 'dpop+jwt', alg: 'RS256', jwk })}.${encode(claims)}`
    const proof = `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`
    expect(await codeOf(() => check([proof], { jkt }))).toBe('CW_PROOF_INVALID')
  })

  test('a key whose algorithm differs from the proof’s', async () => {
    const signer = await makeProofKey('PS256')
    for (const [alg, code] of [
      ['RS256', 'CW_PROOF_INVALID'],
      ['PS256', 'accepted'],
    ]) {
      const proof = await signProof(signer, good, { header: { jwk: { ...signer.publicJwk, alg } } })
      expect(await codeOf(() => check([proof], { jkt: signer.jkt }))).toBe(code)
    }
  })

  test('a symmetric key that signs with it', async () => {
    const secret = Buffer.alloc(32, 7)
    const jwk: JWK = { kty: 'oct', k: secret.toString('base64url') }
    const proof = await new SignJWT({ htm: 'GET', htu: uri, ath: athOf(accessToken), jti: 'one' })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'HS256', jwk })
      .setIssuedAt(seconds)
      .sign(secret)
    expect(await codeOf(() => check([proof]))).toBe('CW_PROOF_INVALID')
  })

  test('no proof, two proofs, two in one header, an empty one', async () => {
    const [one, two] = [await signProof(key, good), await signProof(key, good)]
    for (const proofs of [[], [one, two], [one, one], [`${one}, ${two}`], [`${one},${two}`], ['']])
      expect(await codeOf(() => check(proofs))).toBe('CW_PROOF_INVALID')
    expect(await codeOf(() => check([one]))).toBe('accepted')
  })

  test('a proof of 1 MB, by its length alone', async () => {
    const proof = await signProof(key, good, { claims: { more: 'x'.repeat(1_000_000) } })
    for (const long of [proof, 'a'.repeat(1_000_000), ','.repeat(1_000_000)])
      expect(await refusalOf(() => check([long]))).toMatchObject({
        code: 'CW_PROOF_INVALID',
        message: 'DPoP proof: longer than 8192 characters',
      })
  })

  test('critical extensions, repeated names, padding, trailing bits', async () => {
    const [header = '', payload = '', signature = ''] = (await signProof(key, good)).split('.')
    const text = Buffer.from(header, 'base64url').toString()
    const repeated = Buffer.from(text.replace('{', '{"typ":"JWT",')).toString('base64url')
    const critical = encode({ ...(JSON.parse(text) as object), crit: ['exp'] })
    const last =
      signature.at(-1) === 'A' ? 'B' : String.fromCharCode((signature.at(-1) ?? '').charCodeAt(0) + 1)
    for (const proof of [
      `${repeated}.${payload}.${signature}`,
      `${critical}.${payload}.${signature}`,
      `${header}.${payload}.${signature}==`,
      `${header}.${payload}.${signature.slice(0, -1)}${last}`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${header}.${payload}.${signature}.`,
      ` ${header}.${payload}.${signature}`,
    ])
      expect(await codeOf(() => check([proof]))).toBe('CW_PROOF_INVALID')
  })

  test('a request whose target is not a path', async () => {
    for (const unfit of [
      '*',
      ':443/orders/7',
      'https://api.example.com/orders/7',
      '',
      String.raw`/orders\7`,
    ]) {
      const proof = await signProof(key, good)
      expect(await codeOf(() => check([proof], { target: unfit }))).toBe('CW_PROOF_INVALID')
    }
  })
})

describe('a proof used twice', () => {
  test('is refused, also if its jti is in a new proof', async () => {
    const proof = await signProof(key, good, { claims: { jti: 'twice' } })
    expect(await codeOf(() => check([proof]))).toBe('accepted')
    expect(await codeOf(() => check([proof]))).toBe('CW_PROOF_REPLAYED')
    expect(await codeWith({ claims: { jti: 'twice', iat: seconds - 1 } })).toBe('CW_PROOF_REPLAYED')
  })

  test('is refused for as long as it is valid', async () => {
    const fresh = createDpop({ publicUrl, replay: memoryReplayStore() })
    const proof = await signProof(key, good, { claims: { iat: seconds + 5 } })
    expect(await codeOf(() => check([proof], {}, fresh))).toBe('accepted')
    const last = now + 70_000
    await check([await signProof(key, { ...good, now: last })], { now: last }, fresh)
    expect(await codeOf(() => check([proof], { now: last }, fresh))).toBe('CW_PROOF_REPLAYED')
    expect(await codeOf(() => check([proof], { now: last + 1000 }, fresh))).toBe('CW_PROOF_INVALID')
  })

  test('does not use up the jti of another client', async () => {
    const claims = { jti: 'shared' }
    const theirs = await signProof(other, good, { claims })
    expect(await codeOf(() => check([theirs], { jkt: other.jkt }))).toBe('accepted')
    expect(await codeWith({ claims })).toBe('accepted')
  })

  test('counts as used only if it was accepted: a refused proof uses up nothing', async () => {
    const claims = { jti: 'refused at first' }
    const [header, payload] = (await signProof(key, good, { claims })).split('.')
    const [, , foreign] = (await signProof(other, good, { claims })).split('.')
    expect(await codeOf(() => check([`${header}.${payload}.${foreign}`]))).toBe('CW_PROOF_INVALID')
    expect(await codeWith({ claims: { ...claims, htm: 'POST' } })).toBe('CW_PROOF_INVALID')
    expect(await codeWith({ claims })).toBe('accepted')
  })

  describe.each(replayStores)('on another replica, by $name', ({ open }) => {
    let shared: SharedReplay
    beforeAll(async () => {
      shared = await open()
    })
    afterAll(() => shared.close())

    test('is refused; of many at the same time one is accepted', async () => {
      const [here, there] = [shared.here, shared.there].map((replay) => createDpop({ publicUrl, replay }))
      const first = await signProof(key, good)
      expect(await codeOf(() => check([first], {}, here))).toBe('accepted')
      expect(await codeOf(() => check([first], {}, there))).toBe('CW_PROOF_REPLAYED')
      const second = await signProof(key, good)
      const codes = await Promise.all(
        [here, there, here, there].map((replica) => codeOf(() => check([second], {}, replica))),
      )
      expect(codes.toSorted()).toEqual([
        'CW_PROOF_REPLAYED',
        'CW_PROOF_REPLAYED',
        'CW_PROOF_REPLAYED',
        'accepted',
      ])
      // Neither the client's key nor its jti can be read in the store.
      for (const key of await shared.keys()) expect(key).toMatch(/^dpop:[\w-]{43}$/)
    })
  })

  test('of a store that is full: 503, and not accepted', async () => {
    const full = createDpop({ publicUrl, replay: memoryReplayStore(0) })
    const proof = await signProof(key, good)
    expect(await codeOf(() => check([proof], {}, full))).toBe('CW_STATE_UNAVAILABLE')
  })
})

describe('with nonces', () => {
  const secret = Buffer.alloc(32, 1)
  const minute = 60_000
  let here: Dpop
  beforeAll(() => {
    here = createDpop({ publicUrl, nonceKeys: [secret] })
  })
  const codeFor = async (nonce: unknown, at = now, by = here): Promise<string> => {
    const proof = await signProof(key, { ...good, now: at }, { claims: { nonce } })
    return codeOf(() => check([proof], { now: at }, by))
  }

  test('a proof without one is refused with the nonce, and accepted with it', async () => {
    const claims = { jti: 'sent again' }
    const refusal = await refusalOf(async () => check([await signProof(key, good, { claims })], {}, here))
    expect(refusal).toMatchObject({ code: 'CW_PROOF_NONCE', status: 401 })
    const nonce = refusal?.challenge?.dpopNonce
    expect(nonce).toBe(await here.nonce(now))
    // RFC 9449 §8.1: the characters of a nonce.
    expect(nonce).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]+$/)
    expect(
      await codeOf(async () =>
        check([await signProof(key, good, { claims: { ...claims, nonce } })], {}, here),
      ),
    ).toBe('accepted')
  })

  test('one is valid for a minute at least, and for two at most', async () => {
    const begin = Math.floor(now / minute) * minute
    for (const made of [begin, begin + minute - 1]) {
      const nonce = await here.nonce(made)
      expect(await codeFor(nonce, made + minute)).toBe('accepted')
      expect(await codeFor(nonce, made + 2 * minute)).toBe('CW_PROOF_NONCE')
    }
  })

  test('one of another replica is valid, even if its clock is ahead', async () => {
    const there = createDpop({ publicUrl, nonceKeys: () => [secret] })
    expect(await codeFor(await there.nonce(now))).toBe('accepted')
    const end = Math.ceil(now / minute) * minute - 2000
    expect(await codeFor(await there.nonce(end + 5000), end)).toBe('accepted')
    expect(await codeFor(await there.nonce(end + 5000), end - 10_000)).toBe('CW_PROOF_NONCE')
  })

  test('keys can be rotated', async () => {
    const next = Buffer.alloc(32, 2)
    let keys = [secret]
    const rotating = createDpop({ publicUrl, nonceKeys: async () => keys })
    const old = await rotating.nonce(now)
    keys = [next, secret]
    expect(await rotating.nonce(now)).not.toBe(old)
    expect(await codeFor(old, now, rotating)).toBe('accepted')
    keys = [next]
    expect(await codeFor(old, now, rotating)).toBe('CW_PROOF_NONCE')
  })

  test.each([
    ['no text', 7],
    ['empty', ''],
    ['of another key', 'other'],
    ['as long, beyond ASCII', 'é'.repeat(43)],
    ['long', 'n'.repeat(1000)],
  ])('one that is %s is refused', async (_name, nonce) => {
    const others = createDpop({ publicUrl, nonceKeys: [Buffer.alloc(32, 9)] })
    expect(await codeFor(nonce === 'other' ? await others.nonce(now) : nonce)).toBe('CW_PROOF_NONCE')
  })

  test('there is no nonce without keys', async () => {
    expect(await dpop.nonce(now)).toBeUndefined()
  })
})

describe('start-up stops', () => {
  test.each<[string, string, Partial<DpopOptions>]>([
    ['without the public URL', 'CW_CONFIG_MISSING', { publicUrl: '' }],
    ['with a path as the URL', 'CW_CONFIG_INVALID', { publicUrl: '/shop' }],
    ['with a query in the URL', 'CW_CONFIG_INVALID', { publicUrl: 'https://api.example.com/?a' }],
    ['with a symmetric algorithm', 'CW_CONFIG_INSECURE', { algorithms: ['HS256' as 'ES256'] }],
    ['with an age of a day', 'CW_CONFIG_INVALID', { maxAge: 86_400 }],
    ['with a tolerance of its own', 'CW_CONFIG_INVALID', { clockTolerance: 5 } as object],
    ['without a nonce key', 'CW_CONFIG_MISSING', { nonceKeys: [] }],
    ['with a short nonce key', 'CW_CONFIG_INVALID', { nonceKeys: [Buffer.alloc(31)] }],
  ])('%s', async (_name, code, options) => {
    expect(await codeOf(() => createDpop({ publicUrl, ...options }))).toBe(code)
  })
})

describe('refusals are CloakwrightErrors, and nothing is accepted', () => {
  const text = fc.string({ unit: 'binary', maxLength: 300 })
  const bytes = fc.uint8Array({ maxLength: 300 }).map((all) => Buffer.from(all).toString('latin1'))
  const segment = fc.uint8Array({ maxLength: 80 }).map((all) => Buffer.from(all).toString('base64url'))

  test('for any strings as proofs', async () => {
    const proof = fc.oneof(
      text,
      bytes,
      fc.tuple(segment, segment, segment).map((all) => all.join('.')),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(proof, { maxLength: 3 }), async (proofs) => {
        expect(await codeOf(() => check(proofs))).toBe('CW_PROOF_INVALID')
      }),
      { numRuns: 500 },
    )
  })

  test('for any header with the token’s key or another', async () => {
    const member = (known: fc.Arbitrary<unknown>) => fc.oneof(known, fc.jsonValue())
    const header = fc.record(
      {
        typ: member(fc.constant('dpop+jwt')),
        alg: member(fc.constantFrom('ES256', 'RS256', 'EdDSA', 'none', 'HS256')),
        jwk: fc.oneof(
          fc.constant(() => key.publicJwk),
          fc.jsonValue().map((value) => () => value),
          fc
            .record({
              kty: member(fc.constantFrom('EC', 'RSA', 'OKP', 'oct')),
              crv: fc.jsonValue(),
              x: fc.jsonValue(),
            })
            .map((value) => () => ({ ...key.publicJwk, ...value })),
        ),
      },
      { requiredKeys: ['typ', 'alg', 'jwk'] },
    )
    await fc.assert(
      fc.asyncProperty(header, fc.jsonValue(), segment, async ({ jwk, ...rest }, payload, signature) => {
        const proof = `${encode({ ...rest, jwk: jwk() })}.${encode(payload)}.${signature}`
        expect(await codeOf(() => check([proof]))).toBe('CW_PROOF_INVALID')
      }),
      { numRuns: 500 },
    )
  })

  test('for a valid proof with one claim changed to anything', async () => {
    const change = fc
      .tuple(fc.constantFrom('htm', 'htu', 'ath', 'iat', 'jti'), fc.jsonValue())
      .filter(([name, value]) => !(name === 'jti' && typeof value === 'string' && value !== ''))
    await fc.assert(
      fc.asyncProperty(change, async ([name, value]) => {
        expect(await codeWith({ claims: { [name]: value } })).toBe('CW_PROOF_INVALID')
      }),
      { numRuns: 200 },
    )
  })

  test('for a valid proof with any one character changed or removed', async () => {
    const proof = await signProof(key, good)
    for (let at = 0; at < proof.length; at++) {
      const flipped = String.fromCharCode(proof.charCodeAt(at) ^ 1)
      for (const middle of ['', flipped, 'A', '.', '='].filter((one) => one !== proof[at]))
        expect(await codeOf(() => check([proof.slice(0, at) + middle + proof.slice(at + 1)]))).toBe(
          'CW_PROOF_INVALID',
        )
    }
    expect(await codeOf(() => check([proof]))).toBe('accepted')
  })

  test('for any target', async () => {
    const proof = await signProof(key, good)
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          text,
          text.map((one) => `/${one}`),
        ),
        async (requested) => {
          expect(await codeOf(() => check([proof], { target: requested }))).toBe('CW_PROOF_INVALID')
        },
      ),
      { numRuns: 500 },
    )
  })
})
