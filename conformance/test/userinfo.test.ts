import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, json, mediaType } from '../src/expect.ts'
import { appClient, tokensOf } from '../src/grants.ts'
import { type Json, type Send, send } from '../src/http.ts'
import { openRealm } from '../src/realm.ts'

const realm = await openRealm()
const userinfoUrl = `${realm.oidc}/userinfo`
afterAll(() => realm.close())

let alice: string
let tokens: Json
beforeAll(async () => {
  alice = await realm.addUser('alice')
  tokens = await tokensOf(realm, 'alice')
})

const challenge = (status: number, more = '') => ({
  status,
  type: 'text/plain',
  'www-authenticate': `Bearer realm="${realm.name}"${more}`,
  'cache-control': 'no-store',
  pragma: 'no-cache',
  body: '',
})
const asked = async (request: Send, query = '') =>
  answerOf(await send(`${userinfoUrl}${query}`, request), 'www-authenticate', 'cache-control', 'pragma')

describe('userinfo', () => {
  it.each<[string, () => Send]>([
    ['GET', () => ({ bearer: tokens.access_token })],
    ['POST', () => ({ method: 'POST', bearer: tokens.access_token })],
    ['POST with the token in the form', () => ({ form: { access_token: tokens.access_token } })],
    ['the scheme in lower case', () => ({ headers: { authorization: `bearer ${tokens.access_token}` } })],
  ])('returns the user’s claims: %s', async (_, request) => {
    const reply = await send(userinfoUrl, request())
    expect([reply.status, mediaType(reply)]).toEqual([200, 'application/json'])
    expect([reply.headers.get('cache-control'), reply.headers.get('pragma')]).toEqual([
      'no-store, no-cache',
      'no-cache',
    ])
    expect(reply.text).toBe(
      JSON.stringify({
        sub: alice,
        email_verified: true,
        name: 'First Last',
        preferred_username: 'alice',
        given_name: 'First',
        family_name: 'Last',
        email: 'alice@example.org',
      }),
    )
  })

  it('shows an update of the user at once', async () => {
    const id = await realm.addUser('renamed')
    const { access_token } = await tokensOf(realm, 'renamed')
    await realm.api(`/users/${id}`, { method: 'PUT', json: { firstName: 'Newly' } })
    expect((await send(userinfoUrl, { bearer: access_token })).json().given_name).toBe('Newly')
  })

  it.each<[string, () => Send, string?]>([
    ['no token', () => ({})],
    ['no token, by POST', () => ({ method: 'POST' })],
    ['a token in the query', () => ({}), 'access_token'],
    ['another scheme', () => ({ basic: ['a', 'b'] })],
  ])('returns 401 and a challenge without an error code: %s', async (_, request, name) => {
    const query = name ? `?${name}=${tokens.access_token}` : ''
    expect(await asked(request(), query)).toEqual(challenge(401))
  })

  it.each<[string, () => string]>([
    ['junk', () => 'junk'],
    ['a tampered token', () => `${tokens.access_token.slice(0, -6)}AAAAAA`],
    ['an unsigned token', () => unsigned(tokens.access_token)],
    ['an ID token', () => tokens.id_token],
    ['a refresh token', () => tokens.refresh_token],
  ])('rejects %s', async (_, bearer) => {
    const error = ', error="invalid_token", error_description="Token verification failed"'
    expect(await asked({ bearer: bearer() })).toEqual(challenge(401, error))
  })

  it('rejects a token of another realm', async () => {
    const reply = await send(`${realm.target.server}/realms/master/protocol/openid-connect/userinfo`, {
      bearer: tokens.access_token,
    })
    expect(answerOf(reply, 'www-authenticate')).toEqual({
      status: 401,
      type: 'text/plain',
      'www-authenticate':
        'Bearer realm="master", error="invalid_token", error_description="Token verification failed"',
      body: '',
    })
  })

  it('rejects a token without the scope openid', async () => {
    const { access_token } = await tokensOf(realm, 'alice', { scope: 'profile' })
    const error = ', error="insufficient_scope", error_description="Missing openid scope"'
    expect(await asked({ bearer: access_token })).toEqual(challenge(403, error))
  })

  it('rejects two tokens in one request', async () => {
    const error =
      ', error="invalid_request", error_description="More than one method used for including an access token"'
    const { access_token } = tokens
    expect(await asked({ bearer: access_token, form: { access_token } })).toEqual(challenge(400, error))
  })

  it('rejects a token whose session has ended', async () => {
    const { access_token, refresh_token } = await tokensOf(realm, 'alice')
    await send(`${realm.oidc}/logout`, { form: { ...appClient, refresh_token } })
    const error = ', error="invalid_token", error_description="user_session_not_found"'
    expect(await asked({ bearer: access_token })).toEqual(challenge(401, error))
  })

  it('accepts only GET and POST', async () => {
    const reply = await send(userinfoUrl, { method: 'PUT', bearer: tokens.access_token })
    expect(answerOf(reply)).toEqual(json(405, { error: 'HTTP 405 Method Not Allowed' }))
  })
})

function unsigned(token: string): string {
  const [, claims = ''] = token.split('.')
  return `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${claims}.`
}
