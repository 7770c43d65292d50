import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asClient, granted, tokensOf } from '../../../../conformance/src/grants.ts'
import { type Json, send } from '../../../../conformance/src/http.ts'
import { appSecret, openRealm } from '../../../../conformance/src/realm.ts'
import { decode } from '../../../../conformance/src/token.ts'
import {
  createIntrospection,
  type Introspection,
  type IntrospectionOptions,
  isLightweight,
} from '../../src/introspection/index.ts'
import { createMetadata } from '../../src/metadata/index.ts'
import { toAccessToken } from '../../src/token/access-token.ts'
import { checkClaims } from '../../src/token/claims.ts'
import { codeOf, refusalOf } from '../support/refusal.ts'

// On the embedded realm, and on Keycloak with `npm run test:keycloak`.

const realm = await openRealm()
afterAll(() => realm.close())

const lightClient = asClient('light')
/** Characters that HTTP Basic would change if they were not encoded first. */
const oddSecret = 's:e c+r%41é/='
let tokens: Json
let api: string
beforeAll(async () => {
  const audience = (client: string) => ({
    name: client,
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.client.audience': client, 'introspection.token.claim': 'true' },
  })
  const attributes = { 'client.use.lightweight.access.token.enabled': 'true' }
  await realm.addUser('alice', { roles: ['admin'] })
  api = await realm.addClient({ clientId: 'shop:api', secret: oddSecret })
  await realm.addClient({ clientId: 'stranger' })
  await realm.addClient({ clientId: 'public', publicClient: true })
  await realm.addClient({
    clientId: 'light',
    attributes,
    protocolMappers: ['shop:api', 'light'].map(audience),
  })
  tokens = await tokensOf(realm, 'alice', lightClient)
})

function make(change: Partial<IntrospectionOptions> = {}): Introspection {
  const { fetch } = globalThis
  const now = Date.now
  const metadata = createMetadata({ issuer: realm.issuer, fetch, now })
  const options = { clientId: 'shop:api', clientSecret: oddSecret, ...change }
  return createIntrospection(options, { metadata, fetch, now })
}

const seconds = (): number => Date.now() / 1000
const expected = {
  issuer: realm.issuer,
  audiences: ['shop:api'],
  authorizedParties: undefined,
  clockTolerance: 5,
}

test('a lightweight token gets roles, audience and subject by introspection only', async () => {
  const own = decode(tokens.access_token).claims
  expect(isLightweight(own)).toBe(true)
  expect(await codeOf(() => checkClaims(own, expected, seconds()))).toBe('CW_TOKEN_AUDIENCE')
  const claims = await make().introspect(tokens.access_token)
  const token = toAccessToken(claims, checkClaims(claims, expected, seconds()))
  expect(token).toMatchObject({
    username: 'alice',
    azp: 'light',
    sid: own.sid,
    expiresAt: own.exp,
    issuedAt: own.iat,
  })
  expect(token.realmRoles).toContain('admin')
  expect(isLightweight(claims), 'its id is the same').toBe(true)
})

test('so does a service account’s', async () => {
  const { access_token } = granted(await realm.token({ grant_type: 'client_credentials', ...lightClient }))
  expect(isLightweight(decode(access_token).claims)).toBe(true)
  const claims = await make().introspect(access_token)
  expect(toAccessToken(claims, checkClaims(claims, expected, seconds()))).toMatchObject({
    username: 'service-account-light',
    sid: undefined,
  })
})

test('a regular token does not count as lightweight', async () => {
  const { access_token } = await tokensOf(realm, 'alice')
  expect(isLightweight(decode(access_token).claims)).toBe(false)
})

test('an ended session is noticed once the cached result has expired', async () => {
  const { access_token, refresh_token } = await tokensOf(realm, 'alice', lightClient)
  const introspection = make({ maxAge: 60 })
  await introspection.introspect(access_token)
  await send(`${realm.oidc}/logout`, { form: { ...lightClient, refresh_token } })
  expect(await codeOf(() => introspection.introspect(access_token))).toBe('accepted')
  introspection.clear()
  expect(await codeOf(() => introspection.introspect(access_token))).toBe('CW_TOKEN_INACTIVE')
})

describe('a token of another kind', () => {
  test.each<[string, () => string]>([
    ['an unknown opaque text', () => 'mF_9B5f41JqM'],
    ['a refresh token', () => tokens.refresh_token],
    ['a tampered token', () => `${tokens.access_token.slice(0, -6)}AAAAAA`],
  ])('%s is inactive', async (_, token) => {
    expect(await codeOf(() => make().introspect(token()))).toBe('CW_TOKEN_INACTIVE')
  })

  test('an ID token is active for its client, and refused by its type', async () => {
    const claims = await make({ clientId: 'light', clientSecret: appSecret }).introspect(tokens.id_token)
    const forLight = { ...expected, audiences: ['light'] }
    expect(await codeOf(() => checkClaims(claims, forLight, seconds()))).toBe('CW_TOKEN_TYPE')
  })
})

describe('a client without the right', () => {
  test('is not in the audience: inactive, and the hint has the fix', async () => {
    const introspection = make({ clientId: 'stranger', clientSecret: appSecret })
    const refusal = await refusalOf(() => introspection.introspect(tokens.access_token))
    expect(refusal?.code).toBe('CW_TOKEN_INACTIVE')
    expect(refusal?.hint).toContain('Included Client Audience = stranger')
  })

  test.each<[string, Partial<IntrospectionOptions>, string, RegExp]>([
    ['has a wrong secret', { clientSecret: 'x' }, '(401)', /clientSecret/],
    ['does not exist', { clientId: 'nobody' }, '(401)', /clientId/],
    ['is public', { clientId: 'public' }, '(403)', /confidential/],
  ])('%s: 503, with its own hint instead of an outage’s', async (_, change, status, hint) => {
    const refusal = await refusalOf(() => make(change).introspect(tokens.access_token))
    expect(refusal).toMatchObject({ code: 'CW_INTROSPECTION_UNAVAILABLE', status: 503 })
    expect(refusal?.message).toContain(status)
    expect(refusal?.hint).toMatch(hint)
  })
})

test('a new secret is used without a restart', async () => {
  let secret = oddSecret
  const introspection = make({ clientSecret: () => secret, maxAge: 0 })
  await introspection.introspect(tokens.access_token)
  const rotated = await realm.api(`/clients/${api}/client-secret`, { method: 'POST' })
  expect(await codeOf(() => introspection.introspect(tokens.access_token))).toBe(
    'CW_INTROSPECTION_UNAVAILABLE',
  )
  secret = rotated.json().value
  expect(await codeOf(() => introspection.introspect(tokens.access_token))).toBe('accepted')
  await realm.admin.client.clients.update({ id: api }, { clientId: 'shop:api', secret: oddSecret })
})
