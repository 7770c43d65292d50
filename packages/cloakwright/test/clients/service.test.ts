import { generateKeyPairSync } from 'node:crypto'
import type { CloakwrightError } from 'cloakwright'
import type { ApiClientOptions } from 'cloakwright/clients'
import { decodeJwt, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appSecret, type LoginRealm } from '../session/support/realm.ts'
import { apiClientOf, audienceMapper, countGrants, openApiRealm, plainClient } from './support/realm.ts'

// Client credentials on the embedded realm or, with CONFORMANCE_SERVER, on a real Keycloak.

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = { ...(publicKey.export({ format: 'jwk' }) as JWK), kid: 'k1', alg: 'ES256', use: 'sig' }

let realm: LoginRealm
beforeAll(async () => {
  const service = { serviceAccountsEnabled: true, protocolMappers: [audienceMapper('stock')] }
  realm = await openApiRealm([
    plainClient('rotating', service),
    plainClient('unmapped', { serviceAccountsEnabled: true }),
    plainClient('off'),
    { clientId: 'public', publicClient: true },
    plainClient('disabled', { ...service, enabled: false }),
    {
      ...service,
      clientId: 'signing',
      clientAuthenticatorType: 'client-jwt',
      attributes: { 'use.jwks.string': 'true', 'jwks.string': JSON.stringify({ keys: [jwk] }) },
    },
  ])
})
afterAll(() => realm.close())

test('100 concurrent calls make one request, and later calls none', async () => {
  const { grants, fetch } = countGrants()
  const client = apiClientOf(realm, { fetch })
  const tokens = await Promise.all(Array.from({ length: 100 }, () => client.asService().token()))
  tokens.push(await client.asService().token())
  expect([new Set(tokens).size, grants.map((form) => form.get('grant_type'))]).toEqual([
    1,
    ['client_credentials'],
  ])
  expect(decodeJwt(tokens[0] as string)).toMatchObject({ azp: 'app', iss: realm.issuer })
})

test('100 concurrent calls with a token that has ended make one request', async () => {
  const { grants, fetch } = countGrants()
  let ahead = 0
  const client = apiClientOf(realm, { fetch, now: () => Date.now() + ahead })
  const first = await client.asService().token()
  ahead = 301_000
  const tokens = await Promise.all(Array.from({ length: 100 }, () => client.asService().token()))
  expect(new Set(tokens).size).toBe(1)
  expect(tokens).not.toContain(first)
  expect(grants).toHaveLength(2)
})

test('a client with a key in place of a secret', async () => {
  const clientKey = { ...privateKey.export({ format: 'jwk' }), kid: 'k1' }
  const client = apiClientOf(realm, { clientId: 'signing', clientKey })
  expect(decodeJwt(await client.asService().token())).toMatchObject({ azp: 'signing' })
})

test('scopes are requested', async () => {
  const { grants, fetch } = countGrants()
  const token = await apiClientOf(realm, { fetch, scope: 'email profile' }).asService().token()
  expect(grants[0]?.get('scope')).toBe('email profile')
  expect(String(decodeJwt(token)['scope']).split(' ')).toEqual(expect.arrayContaining(['email', 'profile']))
})

test('a rotated secret is read again after a 401', async () => {
  let secret = appSecret
  let isRotated = false
  const client = apiClientOf(realm, {
    clientId: 'rotating',
    // The rotation is complete when the secret is read for the second time.
    clientSecret: () => {
      const current = secret
      if (isRotated) secret = 'the-next-secret'
      return current
    },
  })
  const [found] = (await (await realm.admin('GET', '/clients?clientId=rotating')).json()) as { id: string }[]
  await realm.admin('PUT', `/clients/${found?.id}`, { ...found, secret: 'the-next-secret' })
  isRotated = true
  expect(decodeJwt(await client.asService().token())).toMatchObject({ azp: 'rotating' })
})

describe('the realm refuses', () => {
  test.each<[string, Partial<ApiClientOptions>, RegExp, RegExp]>([
    [
      'a client without service accounts',
      { clientId: 'off' },
      /401 unauthorized_client: “Client not enabled to retrieve service account”$/,
      /^Turn Service account roles on in Keycloak: Clients, off,/,
    ],
    [
      'a public client',
      { clientId: 'public' },
      /401 unauthorized_client/,
      /Client authentication must be on/,
    ],
    [
      'a wrong secret',
      { clientSecret: 'canary-of-the-secret' },
      /401 unauthorized_client: “Invalid client or Invalid client credentials”$/,
      /^Compare ID, secret or key,/,
    ],
    ['an unknown client', { clientId: 'nowhere' }, /401 invalid_client/, /^Compare ID/],
    ['a disabled client', { clientId: 'disabled' }, /401 invalid_client/, /must be enabled/],
    [
      'an unknown scope',
      { scope: 'flying' },
      /400 invalid_scope: “Invalid scopes: flying”$/,
      /^Add the scope to the client: Clients, app,/,
    ],
    [
      'nothing, but its token lacks the audience',
      { clientId: 'unmapped' },
      /lacks the audience stock$/,
      /^Add an Audience mapper with the client stock to a scope of the client unmapped/,
    ],
  ])('%s', async (_name, options, message, hint) => {
    const { grants, fetch } = countGrants()
    const caller = apiClientOf(realm, { ...options, fetch }).asService()
    const failure = await caller.token().catch((error: CloakwrightError) => error)
    expect(failure).toMatchObject({ code: 'CW_GRANT_REFUSED', status: 500 })
    const { message: why, hint: next, stack } = failure as CloakwrightError
    expect(why).toMatch(message)
    expect(next).toMatch(hint)
    expect(`${stack} ${next}`).not.toContain('canary')
    // A wrong setting does not cause a request to the realm for each call.
    await expect(caller.token()).rejects.toBe(failure)
    expect(grants).toHaveLength(1)
  })
})
