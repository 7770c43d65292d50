import { createVerifier, type Verifier } from 'cloakwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { claimsOf, makeKey, signClaims, signRaw, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { codeOf, refusalOf } from '../support/refusal.ts'

const key = makeKey('one')
const now = 1_800_000_000
let issuer: TestIssuer
let verifier: Verifier
beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
  verifier = createVerifier({ issuer: issuer.issuer, audience: 'shop-api', now: () => now * 1000 })
})
afterAll(() => issuer.close())

type Change = Record<string, unknown>
const sign = (change: Change): Promise<string> =>
  signClaims(key, claimsOf(issuer.issuer, { exp: now + 300, iat: now, ...change }))
/** Signs with a number that JSON.stringify would not write. */
const signNumber = (name: string, literal: string): string => {
  const claims = JSON.stringify(claimsOf(issuer.issuer, { exp: now + 300, iat: now, [name]: '#' }))
  return signRaw(key, JSON.stringify({ alg: 'RS256', kid: 'one' }), claims.replace('"#"', literal))
}

type Case = readonly [name: string, change: () => Change, code: string]

const issuers: readonly Case[] = [
  ['exact', () => ({}), 'accepted'],
  ['with a trailing slash', () => ({ iss: `${issuer.issuer}/` }), 'CW_TOKEN_ISSUER'],
  [
    'another realm on the same host',
    () => ({ iss: issuer.issuer.replace('shop', 'shop2') }),
    'CW_TOKEN_ISSUER',
  ],
  ['in upper case', () => ({ iss: issuer.issuer.replace('http', 'HTTP') }), 'CW_TOKEN_ISSUER'],
  ['missing', () => ({ iss: undefined }), 'CW_TOKEN_ISSUER'],
  ['a list', () => ({ iss: [issuer.issuer] }), 'CW_TOKEN_ISSUER'],
]

const audiences: readonly Case[] = [
  ['a string', () => ({ aud: 'shop-api' }), 'accepted'],
  ['a list with others', () => ({ aud: ['account', 'shop-api'] }), 'accepted'],
  ['missing', () => ({ aud: undefined }), 'CW_TOKEN_AUDIENCE'],
  ['account', () => ({ aud: 'account' }), 'CW_TOKEN_AUDIENCE'],
  ['another service', () => ({ aud: ['shop-web'] }), 'CW_TOKEN_AUDIENCE'],
  ['longer', () => ({ aud: 'shop-api2' }), 'CW_TOKEN_AUDIENCE'],
  ['an empty list', () => ({ aud: [] }), 'CW_TOKEN_AUDIENCE'],
  ['a list with a number', () => ({ aud: ['shop-api', 1] }), 'CW_TOKEN_CLAIM'],
  ['an object', () => ({ aud: { 'shop-api': true } }), 'CW_TOKEN_CLAIM'],
  ['only as azp', () => ({ aud: 'account', azp: 'shop-api' }), 'CW_TOKEN_AUDIENCE'],
]

const types: readonly Case[] = [
  ['Bearer', () => ({ typ: 'Bearer' }), 'accepted'],
  ['missing', () => ({ typ: undefined }), 'CW_TOKEN_TYPE'],
  ['ID', () => ({ typ: 'ID' }), 'CW_TOKEN_TYPE'],
  ['Refresh', () => ({ typ: 'Refresh' }), 'CW_TOKEN_TYPE'],
  ['Offline', () => ({ typ: 'Offline' }), 'CW_TOKEN_TYPE'],
  ['Logout', () => ({ typ: 'Logout' }), 'CW_TOKEN_TYPE'],
  ['bearer in lower case', () => ({ typ: 'bearer' }), 'CW_TOKEN_TYPE'],
  ['a list', () => ({ typ: ['Bearer'] }), 'CW_TOKEN_TYPE'],
  ['DPoP', () => ({ typ: 'DPoP', cnf: { jkt: 'x' } }), 'CW_TOKEN_BOUND'],
  ['Bearer and bound to a key', () => ({ cnf: { jkt: 'x' } }), 'CW_TOKEN_BOUND'],
  ['Bearer and bound to a certificate', () => ({ cnf: { 'x5t#S256': 'x' } }), 'CW_TOKEN_BOUND'],
  ['Bearer with an unknown binding', () => ({ cnf: {} }), 'CW_TOKEN_BOUND'],
  ['Bearer with a null binding', () => ({ cnf: null }), 'CW_TOKEN_BOUND'],
]

const times: readonly Case[] = [
  ['expired, just inside the tolerance', () => ({ exp: now - 4 }), 'accepted'],
  ['expired, just outside the tolerance', () => ({ exp: now - 5 }), 'CW_TOKEN_EXPIRED'],
  ['nbf just inside the tolerance', () => ({ nbf: now + 5 }), 'accepted'],
  ['nbf just outside the tolerance', () => ({ nbf: now + 6 }), 'CW_TOKEN_NOT_YET_VALID'],
  ['iat just inside the tolerance', () => ({ iat: now + 5 }), 'accepted'],
  ['iat just outside the tolerance', () => ({ iat: now + 6 }), 'CW_TOKEN_NOT_YET_VALID'],
  ['iat in the future, nbf in the past', () => ({ iat: now + 60, nbf: now }), 'CW_TOKEN_NOT_YET_VALID'],
  ['exp with a fraction', () => ({ exp: now + 0.5 }), 'accepted'],
  ['exp missing', () => ({ exp: undefined }), 'CW_TOKEN_CLAIM'],
  ['exp a string', () => ({ exp: String(now + 300) }), 'CW_TOKEN_CLAIM'],
  ['exp null', () => ({ exp: null }), 'CW_TOKEN_CLAIM'],
  ['exp negative', () => ({ exp: -1 }), 'CW_TOKEN_CLAIM'],
  ['exp huge', () => ({ exp: 1e300 }), 'CW_TOKEN_CLAIM'],
  ['exp zero', () => ({ exp: 0 }), 'CW_TOKEN_EXPIRED'],
  ['iat missing', () => ({ iat: undefined }), 'CW_TOKEN_CLAIM'],
  ['iat a string', () => ({ iat: String(now) }), 'CW_TOKEN_CLAIM'],
  ['nbf a string', () => ({ nbf: String(now) }), 'CW_TOKEN_CLAIM'],
  ['nbf null', () => ({ nbf: null }), 'CW_TOKEN_CLAIM'],
]

const subjects: readonly Case[] = [
  ['missing (no client scope `basic`)', () => ({ sub: undefined }), 'CW_TOKEN_CLAIM'],
  ['empty', () => ({ sub: '' }), 'CW_TOKEN_CLAIM'],
  ['a number', () => ({ sub: 1 }), 'CW_TOKEN_CLAIM'],
]

describe.each([
  ['issuer', issuers],
  ['audience', audiences],
  ['type', types],
  ['times', times],
  ['subject', subjects],
] as const)('claims, the %s', (_part, cases) => {
  test.each(cases)('%s', async (_name, change, code) => {
    const token = await sign(change())
    expect(await codeOf(() => verifier.verify(token))).toBe(code)
  })
})

test.each([
  ['exp', '1e999'],
  ['exp', '-1e999'],
  ['iat', '1e999'],
  ['nbf', '1e999'],
])('%s of %s is refused', async (name, literal) => {
  expect(await codeOf(() => verifier.verify(signNumber(name, literal)))).toBe('CW_TOKEN_CLAIM')
})

test('a refused audience explains the missing mapper', async () => {
  const token = await sign({ aud: 'account' })
  const refusal = await refusalOf(() => verifier.verify(token))
  expect(refusal?.hint).toContain('Included Client Audience = shop-api')
})

test('one of several audiences is enough', async () => {
  const several = createVerifier({
    issuer: issuer.issuer,
    audience: ['shop-api', 'stock-api'],
    now: () => now * 1000,
  })
  expect(await codeOf(async () => several.verify(await sign({ aud: 'stock-api' })))).toBe('accepted')
})

test('the tolerance is an option', async () => {
  const strict = createVerifier({
    issuer: issuer.issuer,
    audience: 'shop-api',
    clockTolerance: 0,
    now: () => now * 1000,
  })
  expect(
    await codeOf(async () => strict.verify(await sign({ exp: now }))),
    'exp is the first second without',
  ).toBe('CW_TOKEN_EXPIRED')
  expect(await codeOf(async () => strict.verify(await sign({ exp: now + 1 })))).toBe('accepted')
})

test.each([
  ['listed', { azp: 'shop-web' }, 'accepted'],
  ['another', { azp: 'other' }, 'CW_TOKEN_AZP'],
  ['missing', { azp: undefined }, 'CW_TOKEN_AZP'],
  ['a list', { azp: ['shop-web'] }, 'CW_TOKEN_AZP'],
])('with authorizedParties, an azp that is %s', async (_name, change, code) => {
  const options = { issuer: issuer.issuer, audience: 'shop-api', authorizedParties: ['shop-web', 'shop-app'] }
  const selective = createVerifier({ ...options, now: () => now * 1000 })
  expect(await codeOf(async () => selective.verify(await sign(change)))).toBe(code)
})

test('an access token has the user, roles and scopes, and its expiry', async () => {
  const token = await verifier.verify(await sign({ email: '', name: 'Alice Doe' }))
  expect(token).toMatchObject({
    subject: 'f1c9a4b2-5d1e-4c7e-9d53-1f2a3b4c5d6e',
    username: 'alice',
    email: undefined,
    name: 'Alice Doe',
    realmRoles: ['user', 'admin'],
    scopes: ['openid', 'profile', 'readall'],
    sid: '0f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a',
    azp: 'shop-web',
    expiresAt: now + 300,
    issuedAt: now,
  })
  expect(token.clientRoles('shop-api')).toEqual(['stock-keeper'])
  expect(token.claims['acr']).toBe('1')
})

test.each([
  ['missing', { realm_access: undefined, scope: undefined, resource_access: undefined }],
  ['strings', { realm_access: 'admin', scope: ['admin'], resource_access: 'shop-api' }],
  ['of wrong shape', { realm_access: { roles: 'admin' }, resource_access: { 'shop-api': ['stock-keeper'] } }],
  ['mixed', { realm_access: { roles: ['admin', 1] }, resource_access: { 'shop-api': { roles: [null] } } }],
  ['empty', { realm_access: {}, scope: '', resource_access: {} }],
])('roles and scopes that are %s are ignored', async (_name, change) => {
  const token = await verifier.verify(await sign({ scope: undefined, ...change }))
  expect([token.realmRoles, token.clientRoles('shop-api'), token.scopes]).toEqual([[], [], []])
})

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
  '%s is a client or a claim only if the token has it',
  async (name) => {
    const without = await verifier.verify(await sign({}))
    expect(without.clientRoles(name)).toEqual([])
    expect(without.claims[name]).toBeUndefined()
    const json = JSON.stringify(claimsOf(issuer.issuer, { exp: now + 300, iat: now, resource_access: 0 }))
    const own = json.replace(
      '"resource_access":0',
      `"${name}":"mine","resource_access":{"${name}":{"roles":["${name}"]}}`,
    )
    const token = await verifier.verify(signRaw(key, JSON.stringify({ alg: 'RS256', kid: 'one' }), own))
    expect(token.clientRoles(name)).toEqual([name])
    expect(token.claims[name]).toBe('mine')
    expect(({} as Record<string, unknown>)['roles']).toBeUndefined()
  },
)

test('a token that is shared by requests cannot be changed', async () => {
  const token = await verifier.verify(await sign({}))
  expect(() => (token.realmRoles as string[]).push('boss')).toThrow(TypeError)
  expect(() => (token.scopes as string[]).push('boss')).toThrow(TypeError)
  expect(() => (token.clientRoles('shop-api') as string[]).push('boss')).toThrow(TypeError)
  expect(() => Object.assign(token, { subject: 'boss' })).toThrow(TypeError)
  expect(() => Object.assign(token, { realmRoles: ['boss'] })).toThrow(TypeError)
  expect(() => Object.assign(token, { more: true })).toThrow(TypeError)
  expect(() => Object.assign(token.claims, { sub: 'boss' })).toThrow(TypeError)
  const { roles } = token.claims['realm_access'] as { roles: string[] }
  expect(() => roles.push('boss')).toThrow(TypeError)
  expect(token.realmRoles).toBe(token.realmRoles)
  expect(token.scopes).toBe(token.scopes)
})
