import { createRevocations, createVerifier, type Verifier, type VerifierOptions } from 'cloakwright'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { clientId, clientSecret, type Desk, openDesk, start } from '../introspection/support.ts'
import { claimsOf, json, makeKey, signClaims } from '../support/issuer.ts'
import { codeOf } from '../support/refusal.ts'

const key = makeKey('one', 'ES256')
let desk: Desk
beforeEach(async () => {
  desk = await openDesk()
  desk.issuer.keys = [key.jwk]
})
afterEach(() => desk.issuer.close())

const jti = 'onltac:3b8b6a0e-7a0e-4f9e-8a43-0f6c1d8d2b11'
/** The claims that Keycloak writes into a lightweight token. */
const light = (change: Record<string, unknown> = {}): Promise<string> => {
  const { issuer } = desk.issuer
  const claims = { exp: start + 300, iat: start, jti, iss: issuer, typ: 'Bearer', azp: 'shop-web', sid: 's1' }
  return signClaims(key, { ...claims, scope: 'openid', ...change })
}
const make = (change: Partial<VerifierOptions> = {}): Verifier =>
  createVerifier({
    issuer: desk.issuer.issuer,
    audience: 'shop-api',
    now: () => desk.now * 1000,
    introspection: { clientId, clientSecret },
    ...change,
  } as VerifierOptions)

test('a lightweight token gets roles, audience and subject from the realm', async () => {
  const token = await make().verify(await light())
  expect(token).toMatchObject({ username: 'alice', realmRoles: ['user', 'admin'] })
  expect(desk.calls()).toBe(1)
})

test('without introspection it is refused for its missing claims', async () => {
  const verifier = make({ introspection: undefined })
  expect(await codeOf(async () => verifier.verify(await light()))).toBe('CW_TOKEN_AUDIENCE')
})

test('a regular token causes no call', async () => {
  const token = await signClaims(key, claimsOf(desk.issuer.issuer, { exp: start + 300, iat: start }))
  expect(await codeOf(() => make().verify(token))).toBe('accepted')
  expect(desk.calls()).toBe(0)
})

test('the result is cached for seconds only, however long the token is valid', async () => {
  const verifier = make()
  const token = await light({ exp: start + 3600 })
  await verifier.verify(token)
  desk.now += 4
  await verifier.verify(token)
  expect(desk.calls()).toBe(1)
  desk.now += 2
  desk.answer = (response) => json(response, { active: false })
  expect(await codeOf(() => verifier.verify(token))).toBe('CW_TOKEN_INACTIVE')
})

test.each([
  ['forged', async () => (await light()).slice(0, -8) + 'AAAAAAAA', 'CW_TOKEN_SIGNATURE'],
  ['expired', () => light({ exp: start - 60 }), 'CW_TOKEN_EXPIRED'],
  ['of another issuer', () => light({ iss: 'https://sso.example.com/realms/x' }), 'CW_TOKEN_ISSUER'],
  ['an ID token', () => light({ typ: 'ID' }), 'CW_TOKEN_TYPE'],
])('a lightweight token that is %s is refused without a call', async (_name, token, code) => {
  expect(await codeOf(async () => make().verify(await token()))).toBe(code)
  expect(desk.calls()).toBe(0)
})

test.each([
  ['for another audience', { aud: 'else' }, 'CW_TOKEN_AUDIENCE'],
  ['of another issuer', { iss: 'https://sso.example.com/realms/x' }, 'CW_TOKEN_ISSUER'],
  ['of an ID token', { typ: 'ID' }, 'CW_TOKEN_TYPE'],
  ['without a subject', { sub: undefined }, 'CW_TOKEN_CLAIM'],
  ['bound to a key', { cnf: { jkt: 'A'.repeat(43) } }, 'CW_TOKEN_BOUND'],
])('a response %s is refused like a token with it', async (_name, change, code) => {
  desk.answer = (response) => json(response, desk.active(change))
  expect(await codeOf(async () => make().verify(await light()))).toBe(code)
})

test('an opaque token is checked by the realm alone', async () => {
  expect(await make().verify('2YotnFZFEjr1zCsicMWpAA')).toMatchObject({ username: 'alice' })
  expect(await codeOf(() => make({ introspection: undefined }).verify('2YotnFZFEjr1zCsicMWpAA'))).toBe(
    'CW_TOKEN_MALFORMED',
  )
  desk.answer = (response) => json(response, { active: false })
  expect(await codeOf(() => make().verify('3YotnFZFEjr1zCsicMWpAA'))).toBe('CW_TOKEN_INACTIVE')
})

test('with several realms an opaque token is refused, and a lightweight one is introspected by its issuer', async () => {
  const { issuer } = desk.issuer
  const realm = { issuer, audience: 'shop-api', introspection: { clientId, clientSecret } }
  const verifier = createVerifier({
    issuers: [realm, { issuer: 'https://sso.example.com/realms/x', audience: 'x' }],
    now: () => desk.now * 1000,
  })
  expect(await verifier.verify(await light())).toMatchObject({ username: 'alice' })
  expect(await codeOf(() => verifier.verify('2YotnFZFEjr1zCsicMWpAA'))).toBe('CW_TOKEN_MALFORMED')
})

test('a revocation applies before the cached result has expired', async () => {
  const revocations = createRevocations({ now: () => desk.now * 1000 })
  const verifier = make({ revocations })
  const token = await light()
  const { sid } = await verifier.verify(token)
  await revocations.revoke(desk.issuer.issuer, { sid: String(sid) })
  expect(await codeOf(() => verifier.verify(token))).toBe('CW_TOKEN_REVOKED')
  expect(desk.calls()).toBe(1)
})

test.each<[string, Record<string, unknown>, Record<string, unknown>, string]>([
  ['of neither', {}, {}, 'accepted'],
  ['of the token only', { typ: 'DPoP', cnf: { jkt: 'A'.repeat(43) } }, {}, 'CW_TOKEN_BOUND'],
  ['of the token only, to a certificate', { cnf: { 'x5t#S256': 'A'.repeat(43) } }, {}, 'CW_TOKEN_BOUND'],
  ['in the response only', {}, { cnf: { jkt: 'A'.repeat(43) } }, 'CW_TOKEN_BOUND'],
])('a binding %s', async (_name, ofToken, ofAnswer, code) => {
  desk.answer = (response) => json(response, desk.active(ofAnswer))
  expect(await codeOf(async () => make().verify(await light(ofToken)))).toBe(code)
})
