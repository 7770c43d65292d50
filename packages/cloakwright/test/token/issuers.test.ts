import { createVerifier, type IssuerOptions, type IssuerResolver, realmsOf, type Verifier } from 'cloakwright'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { codeOf, refusalOf } from '../support/refusal.ts'

const acmeKey = makeKey('one', 'ES256')
/** With the same key ID as the other realm's. */
const globexKey = makeKey('one', 'ES256')
let acme: TestIssuer
let globex: TestIssuer
beforeAll(async () => {
  acme = await startIssuer([acmeKey.jwk], 'acme')
  globex = await startIssuer([globexKey.jwk], 'globex')
})
beforeEach(() => {
  acme.answers = {}
})
afterAll(async () => {
  await acme.close()
  await globex.close()
})

const listed = (): Verifier =>
  createVerifier({
    issuers: [
      { issuer: acme.issuer, audience: 'shop-api' },
      { issuer: globex.issuer, audience: 'globex-api', authorizedParties: ['shop-web'] },
    ],
  })
const ofAcme = (change: Record<string, unknown> = {}): Promise<string> =>
  signClaims(acmeKey, claimsOf(acme.issuer, change))
const ofGlobex = (change: Record<string, unknown> = {}): Promise<string> =>
  signClaims(globexKey, claimsOf(globex.issuer, { aud: 'globex-api', ...change }))

describe('a list of issuers', () => {
  test('each realm’s tokens are checked with its own keys, audience and parties', async () => {
    const verifier = listed()
    expect(verifier.issuers).toEqual([acme.issuer, globex.issuer])
    expect((await verifier.verify(await ofAcme())).claims['iss']).toBe(acme.issuer)
    expect((await verifier.verify(await ofGlobex())).claims['iss']).toBe(globex.issuer)
  })

  test.each([
    [
      'a realm’s token signed by the other’s key of that name',
      () => signClaims(acmeKey, claimsOf(globex.issuer)),
      'CW_TOKEN_SIGNATURE',
    ],
    ['the other realm’s audience', () => ofAcme({ aud: 'globex-api' }), 'CW_TOKEN_AUDIENCE'],
    [
      'the other realm’s audience, the other way round',
      () => ofGlobex({ aud: 'shop-api' }),
      'CW_TOKEN_AUDIENCE',
    ],
    ['a party that only the other realm accepts', () => ofGlobex({ azp: 'else' }), 'CW_TOKEN_AZP'],
    [
      'an issuer that is not listed',
      () => ofAcme({ iss: 'https://sso.example.com/realms/acme' }),
      'CW_TOKEN_ISSUER',
    ],
    [
      'another realm on the same host',
      () => ofAcme({ iss: acme.issuer.replace('acme', 'globex') }),
      'CW_TOKEN_ISSUER',
    ],
    ['a trailing slash', () => ofAcme({ iss: `${acme.issuer}/` }), 'CW_TOKEN_ISSUER'],
    ['an issuer that is a list', () => ofAcme({ iss: [acme.issuer] }), 'CW_TOKEN_ISSUER'],
    ['no issuer', () => ofAcme({ iss: undefined }), 'CW_TOKEN_ISSUER'],
    ['a prototype name', () => ofAcme({ iss: '__proto__' }), 'CW_TOKEN_ISSUER'],
  ])('%s is refused', async (_name, make, code) => {
    const verifier = listed()
    expect(await codeOf(async () => verifier.verify(await make()))).toBe(code)
  })

  test('a cached token is not accepted for another verifier’s realm', async () => {
    const verifier = listed()
    const token = await ofAcme()
    const first = await verifier.verify(token)
    expect(await verifier.verify(token)).toBe(first)
  })

  test('an outage of one realm does not affect the other', async () => {
    acme.answers.jwks = (_request, response) => response.writeHead(500).end()
    const verifier = listed()
    expect(await codeOf(async () => verifier.verify(await ofAcme()))).toBe('CW_KEYS_UNAVAILABLE')
    expect(await codeOf(async () => verifier.verify(await ofGlobex()))).toBe('accepted')
    expect(await codeOf(() => verifier.ready())).toBe('CW_KEYS_UNAVAILABLE')
  })

  test.each([
    ['none', [], 'CW_CONFIG_MISSING'],
    ['one without an audience', [{ issuer: 'https://a.example/realms/x' }], 'CW_CONFIG_MISSING'],
    [
      'one with the audience account',
      [{ issuer: 'https://a.example/realms/x', audience: 'account' }],
      'CW_CONFIG_INSECURE',
    ],
    [
      'one twice',
      [
        { issuer: 'https://a.example/realms/x', audience: 'a' },
        { issuer: 'https://a.example/realms/x', audience: 'b' },
      ],
      'CW_CONFIG_INVALID',
    ],
  ])('%s stops the start', async (_name, issuers, code) => {
    expect(await codeOf(() => createVerifier({ issuers: issuers as IssuerOptions[] }))).toBe(code)
  })
})

describe('a function that decides on issuers', () => {
  test('is called once for an issuer in use, however many tokens arrive at the same time', async () => {
    const asked: string[] = []
    const verifier = createVerifier({
      issuers: async (issuer) => {
        asked.push(issuer)
        return issuer === acme.issuer ? { issuer, audience: 'shop-api' } : undefined
      },
      cache: false,
    })
    const tokens = await Promise.all([ofAcme(), ofAcme({ jti: 'b' }), ofAcme({ jti: 'c' })])
    await Promise.all(tokens.map(async (token) => verifier.verify(token)))
    await verifier.verify(tokens[0] as string)
    expect(asked).toEqual([acme.issuer])
    expect(await codeOf(async () => verifier.verify(await ofGlobex()))).toBe('CW_TOKEN_ISSUER')
    expect(asked).toEqual([acme.issuer, globex.issuer])
    expect(verifier.issuers, 'those in use').toEqual([acme.issuer])
  })

  test('that returns another issuer accepts nothing', async () => {
    const verifier = createVerifier({ issuers: () => ({ issuer: acme.issuer, audience: 'globex-api' }) })
    expect(await codeOf(async () => verifier.verify(await ofGlobex()))).toBe('CW_TOKEN_ISSUER')
  })

  test('that fails is a 503, and called again', async () => {
    let fail = true
    const verifier = createVerifier({
      issuers: (issuer) => {
        if (fail) throw new Error('no database')
        return { issuer, audience: 'shop-api' }
      },
    })
    const token = await ofAcme()
    const refusal = await refusalOf(() => verifier.verify(token))
    expect(refusal).toMatchObject({ code: 'CW_DISCOVERY_FAILED', status: 503, retryAfter: 5 })
    fail = false
    expect(await codeOf(() => verifier.verify(token))).toBe('accepted')
  })

  test('that returns null, as databases do, accepts nothing', async () => {
    const token = await ofAcme()
    const server = acme.issuer.slice(0, acme.issuer.indexOf('/realms/'))
    for (const issuers of [async () => null, realmsOf(server, (async () => null) as never)])
      expect(await codeOf(() => createVerifier({ issuers: issuers as IssuerResolver }).verify(token))).toBe(
        'CW_TOKEN_ISSUER',
      )
  })

  test('has at most 1,000 pending calls, since anyone can name issuers', async () => {
    let answer: (() => void) | undefined
    const slow = new Promise<undefined>((resolve) => (answer = () => resolve(undefined)))
    let asked = 0
    const verifier = createVerifier({
      issuers: (issuer) => {
        asked++
        return issuer === acme.issuer ? { issuer, audience: 'shop-api' } : slow
      },
    })
    const known = await ofAcme()
    await verifier.verify(known)
    const named = await Promise.all(Array.from({ length: 1001 }, (_, at) => ofAcme({ iss: `https://${at}` })))
    const codes = named.map((token) => codeOf(() => verifier.verify(token)))
    expect(await codes[1000]).toBe('CW_DISCOVERY_FAILED')
    expect(asked).toBe(1001)
    expect(await codeOf(() => verifier.verify(known)), 'an issuer in use').toBe('accepted')
    answer?.()
    expect(new Set(await Promise.all(codes.slice(0, 1000)))).toEqual(new Set(['CW_TOKEN_ISSUER']))
    expect(await codeOf(() => verifier.verify(named[1000] as string))).toBe('CW_TOKEN_ISSUER')
  })

  test('is not called with an endless issuer', async () => {
    const asked: string[] = []
    const verifier = createVerifier({ issuers: (issuer) => void asked.push(issuer) as undefined })
    const token = await ofAcme({ iss: `https://${'a'.repeat(3000)}.example/realms/x` })
    expect(await codeOf(() => verifier.verify(token))).toBe('CW_TOKEN_ISSUER')
    expect(asked).toEqual([])
  })

  test('keeps at most maxIssuers: the least recently used is dropped, with its cached tokens', async () => {
    const asked: string[] = []
    const audiences = new Map([
      [acme.issuer, 'shop-api'],
      [globex.issuer, 'globex-api'],
    ])
    const resolver: IssuerResolver = (issuer) => {
      asked.push(issuer)
      return { issuer, audience: audiences.get(issuer) ?? 'none' }
    }
    const verifier = createVerifier({ issuers: resolver, maxIssuers: 1 })
    const [one, two] = await Promise.all([ofAcme(), ofGlobex()])
    const first = await verifier.verify(one)
    expect(await verifier.verify(one)).toBe(first)
    await verifier.verify(two)
    const again = await verifier.verify(one)
    expect(again).not.toBe(first)
    expect(await verifier.verify(one), 'cached anew').toBe(again)
    expect(asked).toEqual([acme.issuer, globex.issuer, acme.issuer])
  })

  test('a realm in use is not dropped for issuers without a verified token', async () => {
    const asked: string[] = []
    const verifier = createVerifier({
      issuers: (issuer) => {
        asked.push(issuer)
        return { issuer, audience: 'shop-api' }
      },
      maxIssuers: 2,
    })
    const token = await ofAcme()
    const first = await verifier.verify(token)
    const stranger = makeKey('one', 'ES256')
    for (const iss of [globex.issuer, 'http://localhost:1/a', 'http://localhost:1/b', 'http://localhost:1/c'])
      expect(await codeOf(async () => verifier.verify(await signClaims(stranger, claimsOf(iss))))).not.toBe(
        'accepted',
      )
    expect(await verifier.verify(token)).toBe(first)
    expect(await codeOf(async () => verifier.verify(await ofAcme({ jti: 'new' })))).toBe('accepted')
    expect(asked.filter((issuer) => issuer === acme.issuer)).toHaveLength(1)
  })
})

describe('realmsOf', () => {
  test.each([
    ['a tenant', 'https://sso.example.com/realms/acme', 'acme'],
    ['an encoded name', 'https://sso.example.com/realms/S%C3%BCd%20West', 'Süd West'],
    ['another host', 'https://sso.example.com.evil.example/realms/acme', undefined],
    ['another path', 'https://sso.example.com/auth/realms/acme', undefined],
    ['a deeper path', 'https://sso.example.com/realms/acme/realms/globex', undefined],
    ['a hidden deeper path', 'https://sso.example.com/realms/acme%2Fx', undefined],
    ['a way up', 'https://sso.example.com/realms/..', undefined],
    ['an encoded way up', 'https://sso.example.com/realms/%2e%2e', undefined],
    ['a query', 'https://sso.example.com/realms/acme?x', undefined],
    ['no name', 'https://sso.example.com/realms/', undefined],
    ['broken encoding', 'https://sso.example.com/realms/%E0%A4', undefined],
    ['a letter that is escaped', 'https://sso.example.com/realms/%61cme', undefined],
    ['an escape in lower case', 'https://sso.example.com/realms/S%c3%bcd%20West', undefined],
    ['a letter that is not escaped', 'https://sso.example.com/realms/Süd%20West', undefined],
    ['a name of what needs no escape', 'https://sso.example.com/realms/a-b.c_d~1:@', 'a-b.c_d~1:@'],
    ['plain http', 'http://sso.example.com/realms/acme', undefined],
  ])('%s', async (_name, issuer, realm) => {
    const asked: string[] = []
    const resolve = realmsOf('https://sso.example.com', (name) => {
      asked.push(name)
      return { audience: 'shop-api' }
    })
    expect(await resolve(issuer)).toEqual(realm === undefined ? undefined : { audience: 'shop-api', issuer })
    expect(asked).toEqual(realm === undefined ? [] : [realm])
  })

  test('a tenant is kept, however many spellings of its name arrive', async () => {
    const server = acme.issuer.slice(0, acme.issuer.indexOf('/realms/'))
    const accept = (realm: string) => (realm === 'acme' ? { audience: 'shop-api' } : undefined)
    const verifier = createVerifier({ issuers: realmsOf(server, accept), maxIssuers: 2 })
    const token = await ofAcme()
    const first = await verifier.verify(token)
    for (const name of ['%61cme', 'a%63me', 'ac%6Dme', 'ac%6dme', 'acm%65', '%61cm%65'])
      await codeOf(async () => verifier.verify(await ofAcme({ iss: `${server}/realms/${name}` })))
    expect(await verifier.verify(token)).toBe(first)
  })

  test('a realm that is not a tenant is refused', async () => {
    const server = acme.issuer.slice(0, acme.issuer.indexOf('/realms/'))
    const accept = (realm: string) => (realm === 'acme' ? { audience: 'shop-api' } : undefined)
    const verifier = createVerifier({ issuers: realmsOf(server, accept) })
    expect(await codeOf(async () => verifier.verify(await ofAcme()))).toBe('accepted')
    const other = await ofAcme({ iss: `${server}/realms/else` })
    expect(await codeOf(() => verifier.verify(other))).toBe('CW_TOKEN_ISSUER')
  })
})
