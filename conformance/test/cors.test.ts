import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, json } from '../src/expect.ts'
import { appClient, password, tokensOf } from '../src/grants.ts'
import { type Json, type Reply, send } from '../src/http.ts'
import { openRealm } from '../src/realm.ts'

const realm = await openRealm()
afterAll(() => realm.close())
let tokens: Json
beforeAll(async () => {
  await realm.addUser('alice')
  tokens = await tokensOf(realm, 'alice')
})

const friend = { origin: 'https://app.example' }
const stranger = { origin: 'https://evil.example' }
const userinfoUrl = `${realm.oidc}/userinfo`

const cors = ({ status, headers }: Reply) => ({
  status,
  ...Object.fromEntries(
    [...headers]
      .filter(([name]) => name.startsWith('access-control-'))
      // Java changes the order of its sets at each start.
      .map(([name, value]) => [name.slice(15), name.endsWith('-headers') ? sorted(value) : value]),
  ),
})
const sorted = (list: string) => list.split(', ').sort().join(', ')
const allowed = (origin: string) => ({ 'allow-origin': origin, 'allow-credentials': 'true' })
const exposed = { 'expose-headers': 'Access-Control-Allow-Methods' }

describe('a CORS preflight', () => {
  it.each([
    ['token', 'POST, OPTIONS'],
    ['revoke', 'POST, OPTIONS'],
    ['userinfo', 'GET, HEAD, OPTIONS'],
    ['logout', 'GET, HEAD, OPTIONS'],
    ['certs', 'GET'],
  ])('of %s allows any origin, since the client is not known yet', async (path, methods) => {
    for (const { origin } of [friend, stranger]) {
      const asked = {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      }
      const reply = await send(`${realm.oidc}/${path}`, { method: 'OPTIONS', headers: asked })
      expect(cors(reply)).toEqual({
        status: 200,
        ...allowed(origin),
        'allow-methods': methods,
        'allow-headers': sorted(
          'Origin, Access-Control-Request-Method, X-Requested-With, Accept, Access-Control-Request-Headers, DPoP, Content-Type, Authorization',
        ),
        'max-age': '3600',
      })
    }
  })

  it('of introspection gets no CORS headers', async () => {
    const headers = { ...friend, 'access-control-request-method': 'POST' }
    expect(cors(await send(`${realm.oidc}/token/introspect`, { method: 'OPTIONS', headers }))).toEqual({
      status: 200,
    })
  })
})

describe('a request with an origin', () => {
  it.each([
    ['the discovery document', `${realm.issuer}/.well-known/openid-configuration`],
    ['the keys', `${realm.oidc}/certs`],
    ['the realm', realm.issuer],
  ])('can read %s from any origin', async (_, url) => {
    expect(cors(await send(url, { headers: stranger }))).toEqual({ status: 200, ...allowed(stranger.origin) })
  })

  it('gets tokens if it is a web origin of the client', async () => {
    const reply = await realm.token(password('alice'), { headers: friend })
    expect(cors(reply)).toEqual({ status: 200, ...allowed(friend.origin), ...exposed })
  })

  it('is rejected if it is another origin', async () => {
    const reply = await realm.token(password('alice'), { headers: stranger })
    expect(answerOf(reply)).toEqual(json(403, { error: 'Invalid origin' }))
    expect(cors(reply)).toEqual({ status: 403 })
  })

  it('can read the error of a rejected request', async () => {
    const reply = await realm.token(password('alice', { password: 'x' }), { headers: friend })
    expect(cors(reply)).toEqual({ status: 400, ...allowed(friend.origin), ...exposed })
  })

  it('reads userinfo if it is an allowed origin of the token', async () => {
    const reply = await send(userinfoUrl, { bearer: tokens.access_token, headers: friend })
    expect(cors(reply)).toEqual({ status: 200, ...allowed(friend.origin), ...exposed })
  })

  it('cannot read userinfo if it is another origin', async () => {
    const reply = await send(userinfoUrl, { bearer: tokens.access_token, headers: stranger })
    expect(answerOf(reply)).toEqual(json(403, { error: 'Invalid origin' }))
  })

  it('can read the WWW-Authenticate header of userinfo', async () => {
    expect(cors(await send(userinfoUrl, { headers: friend }))).toEqual({
      status: 401,
      ...allowed(friend.origin),
      'expose-headers': 'Access-Control-Allow-Methods, WWW-Authenticate',
    })
  })

  it('can revoke if it is a web origin of the client', async () => {
    const { access_token } = await tokensOf(realm, 'alice')
    const reply = await send(`${realm.oidc}/revoke`, {
      form: { ...appClient, token: access_token },
      headers: friend,
    })
    expect(cors(reply)).toEqual({ status: 200, ...allowed(friend.origin), ...exposed })
  })
})
