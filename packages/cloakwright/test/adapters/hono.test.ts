import { once } from 'node:events'
import { connect, createServer as createHttp2 } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import { createVerifier } from 'cloakwright'
import { cloakwright, requireUser, userOf } from 'cloakwright/hono'
import { type Context, Hono } from 'hono'
import { requestId } from 'hono/request-id'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeProofKey, signProof } from '../proof/support/proofs.ts'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { bearer, form, send } from './behaviour/client.ts'
import { testBehaviour } from './behaviour.ts'
import { honoDriver, honoFetchDriver } from './drivers/hono.ts'

testBehaviour(honoDriver)
testBehaviour(honoFetchDriver)

// Behaviour of Hono only.

const key = makeKey('one', 'ES256')
const servers: ServerType[] = []
let issuer: TestIssuer
let token: string
beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
  token = await signClaims(key, claimsOf(issuer.issuer))
})
afterAll(async () => {
  for (const server of servers) server.close()
  await issuer.close()
})

const verifier = () => createVerifier({ issuer: issuer.issuer, audience: 'shop-api' })

function listen({ fetch }: Hono, more: object = {}): Promise<{ port: number; close(): Promise<void> }> {
  return new Promise((resolve) => {
    const server = serve({ fetch, hostname: '127.0.0.1', port: 0, ...more }, () => {
      resolve({ port: (server.address() as AddressInfo).port, close: async () => {} })
    })
    servers.push(server)
  })
}

describe('two copies of the package', () => {
  test('a guard of one finds the middleware of the other', async () => {
    // The query makes the loader evaluate the module again, like a second installation.
    const other = (await import(`${'../../src/adapters/hono.ts'}?copy`)) as {
      requireUser: typeof requireUser
      userOf: typeof userOf
    }
    expect(other.requireUser).not.toBe(requireUser)
    const app = new Hono()
    app.use(cloakwright({ verifier: verifier() }))
    app.get('/', other.requireUser(), (c) => c.json({ user: other.userOf(c).subject === userOf(c).subject }))
    const response = await app.request('/', { headers: { authorization: `Bearer ${token}` } })
    expect(await response.json()).toEqual({ user: true })
    expect((await app.request('/')).status).toBe(401)
  })
})

describe('a body that a middleware read before the guard', () => {
  const ways = ['text', 'parseBody', 'formData', 'arrayBuffer'] as const
  const makeApp = (way: (typeof ways)[number]): Hono => {
    const app = new Hono()
    app.use(cloakwright({ verifier: verifier() }))
    app.use(async (c, next) => {
      await c.req[way]()
      await next()
    })
    app.post('/', requireUser(), async (c: Context) => c.json(await c.req.parseBody()))
    return app
  }

  test.each(ways)('with %s: a second token is detected, and the handler can read it again', async (way) => {
    const app = makeApp(way)
    const service = await listen(app)
    const fields = [bearer(token), form]
    const headers = fields.map(([name, value]) => [name, value] as [string, string])
    for (const [body, status] of [
      ['title=a', 200],
      ['title=a&access_token=x', 400],
    ] as const) {
      const onNode = await send(service, '/', { method: 'POST', fields, body })
      const onFetch = await app.request('/', { method: 'POST', headers, body })
      expect([onNode.status, onFetch.status]).toEqual([status, status])
      if (status === 200)
        expect([onNode.json(), await onFetch.json()]).toEqual([{ title: 'a' }, { title: 'a' }])
    }
  })
})

test('a guard of the whole application does not protect the service’s metadata', async () => {
  const app = new Hono()
  app.use(cloakwright({ verifier: verifier(), resource: { resource: 'https://api.example.com' } }))
  app.use(requireUser())
  app.get('/me', (c) => c.json({ user: userOf(c).username }))
  expect((await app.request('/.well-known/oauth-protected-resource')).status).toBe(200)
  expect((await app.request('/me')).status).toBe(401)
  const [name, value] = bearer(token)
  expect(await (await app.request('/me', { headers: { [name]: value } })).json()).toEqual({ user: 'alice' })
})

test('the response and the log have the id of Hono’s own middleware', async () => {
  const ids: string[] = []
  const app = new Hono()
  app.use(requestId({ generator: () => 'request-7' }))
  app.use(cloakwright({ verifier: verifier(), onRefused: (entry) => ids.push(entry.requestId) }))
  app.get('/me', requireUser())
  expect(await (await app.request('/me')).json()).toMatchObject({ requestId: 'request-7' })
  expect((await send(await listen(app), '/me')).json()).toMatchObject({ requestId: 'request-7' })
  expect(ids).toEqual(['request-7', 'request-7'])
})

test('a fresh nonce is added to a response with immutable headers', async () => {
  const proofKey = await makeProofKey()
  const publicUrl = 'https://api.example.com'
  const dpop = { publicUrl, nonceKeys: [Buffer.alloc(32, 7)] }
  const app = new Hono()
  const { issuer: address } = issuer
  app.use(cloakwright({ verifier: createVerifier({ issuer: address, audience: 'shop-api', dpop }) }))
  app.get('/', requireUser(), () => Response.redirect('https://api.example.com/other', 302))
  const bound = await signClaims(key, claimsOf(address, { typ: 'DPoP', cnf: { jkt: proofKey.jkt } }))
  const withProof = async (claims: Record<string, unknown>): Promise<Response> => {
    const proof = await signProof(
      proofKey,
      { method: 'GET', uri: `${publicUrl}/`, accessToken: bound },
      { claims },
    )
    return app.request('/', { headers: { authorization: `DPoP ${bound}`, dpop: proof } })
  }
  const nonce = (await withProof({})).headers.get('dpop-nonce')
  const response = await withProof({ nonce })
  expect([response.status, response.headers.get('location')]).toEqual([302, 'https://api.example.com/other'])
  expect(response.headers.get('dpop-nonce')).toMatch(/^[\w-]{43}$/)
})

test('HTTP/2', async () => {
  const app = new Hono()
  app.use(cloakwright({ verifier: verifier() }))
  app.get('/me', requireUser(), (c) => c.json({ user: userOf(c).username }))
  const { port } = await listen(app, { createServer: createHttp2 })
  const session = connect(`http://127.0.0.1:${port}`)
  const get = async (headers: Record<string, string>) => {
    const stream = session.request({ ':path': '/me', ...headers })
    const [answered] = (await once(stream, 'response')) as [Record<string, unknown>]
    stream.resume()
    return [answered[':status'], answered['www-authenticate']]
  }
  expect(await get({ authorization: `Bearer ${token}` })).toEqual([200, undefined])
  expect(await get({})).toEqual([401, 'Bearer realm="shop"'])
  session.close()
})
