import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, json, oauthError } from '../src/expect.ts'
import { appClient, asClient, granted, tokensOf } from '../src/grants.ts'
import { type Json, send } from '../src/http.ts'
import { appSecret, openRealm } from '../src/realm.ts'
import { shapeOf } from '../src/shape.ts'
import { decode } from '../src/token.ts'

const realm = await openRealm()
const introspectionUrl = `${realm.oidc}/token/introspect`
afterAll(() => realm.close())

const apiClient = asClient('api')
const inactiveToken = json(200, { active: false })
let alice: string
let tokens: Json
beforeAll(async () => {
  alice = await realm.addUser('alice')
  await realm.addClient({ clientId: 'spa', publicClient: true })
  await realm.addClient({ clientId: 'bearer', bearerOnly: true })
  const config = {
    'included.client.audience': 'api',
    'access.token.claim': 'true',
    'introspection.token.claim': 'true',
  }
  const audience = { name: 'api', protocol: 'openid-connect', protocolMapper: 'oidc-audience-mapper', config }
  await realm.addClient({ clientId: 'api', protocolMappers: [audience] })
  tokens = await tokensOf(realm, 'alice', apiClient)
})

const introspect = (token: string, more: Record<string, string> = apiClient) =>
  send(introspectionUrl, { form: { token, ...more } })

describe('introspection of an access token', () => {
  it('returns its claims, client_id, username and active to a client in its audience', async () => {
    const reply = await introspect(tokens.access_token)
    expect([reply.status, reply.headers.get('cache-control')]).toEqual([200, 'no-cache'])
    expect(shapeOf(reply.json())).toBe(
      '{exp: number, iat: number, jti: string, iss: string, aud: [string], sub: string, typ: string, azp: string, ' +
        'sid: string, acr: string, allowed-origins: [string], realm_access: {roles: [string]}, ' +
        'resource_access: {account: {roles: [string]}}, scope: string, email_verified: boolean, name: string, ' +
        'preferred_username: string, given_name: string, family_name: string, email: string, client_id: string, ' +
        'username: string, token_type: string, active: boolean}',
    )
    expect(reply.json()).toMatchObject({
      ...decode(tokens.access_token).claims,
      aud: ['api', 'account'],
      sub: alice,
      client_id: 'api',
      username: 'alice',
      token_type: 'Bearer',
      active: true,
    })
  })

  it('accepts the client secret in the Authorization header too', async () => {
    const reply = await send(introspectionUrl, {
      form: { token: tokens.access_token },
      basic: ['api', appSecret],
    })
    expect(reply.json().active).toBe(true)
  })

  it('returns the token of a service account', async () => {
    const { access_token } = granted(await realm.token({ grant_type: 'client_credentials', ...apiClient }))
    const body = (await introspect(access_token)).json()
    expect(body).toMatchObject({
      active: true,
      client_id: 'api',
      username: 'service-account-api',
      token_type: 'Bearer',
    })
    expect(body).not.toHaveProperty('sid')
  })

  it('returns only inactive to a client outside its audience', async () => {
    expect(answerOf(await introspect(tokens.access_token, appClient))).toEqual(inactiveToken)
  })

  it('returns inactive even to the client that it was issued to', async () => {
    const { access_token } = await tokensOf(realm, 'alice')
    expect(answerOf(await introspect(access_token, appClient))).toEqual(inactiveToken)
  })

  it('returns inactive to a bearer-only client outside its audience', async () => {
    expect(answerOf(await introspect(tokens.access_token, asClient('bearer')))).toEqual(inactiveToken)
  })

  it.each<[string, () => string]>([
    ['junk', () => 'junk'],
    ['a tampered token', () => `${tokens.access_token.slice(0, -6)}AAAAAA`],
  ])('returns inactive for %s', async (_, token) => {
    expect(answerOf(await introspect(token()))).toEqual(inactiveToken)
  })

  it('returns inactive after the session has ended', async () => {
    const { access_token, refresh_token } = await tokensOf(realm, 'alice', apiClient)
    await send(`${realm.oidc}/logout`, { form: { ...apiClient, refresh_token } })
    expect(answerOf(await introspect(access_token))).toEqual(inactiveToken)
  })

  it('returns inactive for a token of another realm', async () => {
    expect(answerOf(await introspect(await realm.admin.token()))).toEqual(inactiveToken)
  })
})

describe('introspection of other tokens', () => {
  it('returns a refresh token to its client with token_type_hint', async () => {
    const body = (
      await introspect(tokens.refresh_token, { ...apiClient, token_type_hint: 'refresh_token' })
    ).json()
    expect(body).toMatchObject({
      active: true,
      typ: 'Refresh',
      token_type: 'Refresh',
      client_id: 'api',
      username: 'alice',
    })
  })

  it('returns inactive for a refresh token of another client', async () => {
    const reply = await introspect(tokens.refresh_token, { ...appClient, token_type_hint: 'refresh_token' })
    expect(answerOf(reply)).toEqual(inactiveToken)
  })
})

describe('introspection is rejected', () => {
  it.each<[string, Record<string, string>, number, string, string]>([
    ['without a client', {}, 401, 'invalid_client', 'Invalid client or Invalid client credentials'],
    [
      'with a wrong secret',
      { client_id: 'api', client_secret: 'x' },
      401,
      'invalid_client',
      'Client authentication failed.',
    ],
    ['for a public client', { client_id: 'spa' }, 403, 'invalid_request', 'Client not allowed.'],
  ])('%s', async (_, client, status, error, description) => {
    expect(answerOf(await introspect(tokens.access_token, client))).toEqual(
      oauthError(status, error, description),
    )
  })

  it('without a token', async () => {
    const reply = await send(introspectionUrl, { form: apiClient })
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_request', 'Token not provided.'))
  })

  it('by GET', async () => {
    expect(answerOf(await send(introspectionUrl))).toEqual(
      json(405, { error: 'HTTP 405 Method Not Allowed' }),
    )
  })
})
