import { createHash, randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createVerifier } from 'cloakwright'
import { cloakwright, requireScope, requireUser, sendProblem, userOf } from 'cloakwright/express'
import Keycloak from 'cloakwright/keycloak-connect'
import { createTenantSessions } from 'cloakwright/session'
import { memorySessionStore } from 'cloakwright/state'
import express, { type Express } from 'express'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeCertificate } from '../proof/support/certificates.ts'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { bearer, send, statusOverTls } from './behaviour/client.ts'
import { testBehaviour } from './behaviour.ts'
import { express4Driver, expressDriver } from './drivers/express.ts'

testBehaviour(expressDriver)
testBehaviour(express4Driver)

// Behaviour of Express only.

const key = makeKey('one', 'ES256')
const servers: Server[] = []
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
async function listen(app: Express): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = app.listen(0, '127.0.0.1')
  servers.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  return { port: (server.address() as AddressInfo).port, close: async () => {} }
}

test('a guard calls next without a promise for a known token', async () => {
  const app = express()
  app.use(cloakwright({ verifier: verifier() }))
  app.get('/at-once', (request, response) => {
    let calledAtOnce = false
    requireUser()(request, response, () => (calledAtOnce = true))
    response.json({ calledAtOnce })
  })
  app.get('/me', requireUser(), (_request, response) => void response.json({ ok: true }))
  const service = await listen(app)
  const fields = [bearer(token)]
  await send(service, '/me', { fields })
  expect((await send(service, '/at-once', { fields })).json()).toEqual({ calledAtOnce: true })
})

test('a guard of the whole application does not protect the service’s metadata', async () => {
  const app = express()
  app.use(cloakwright({ verifier: verifier(), resource: { resource: 'https://api.example.com' } }))
  app.use(requireUser())
  app.get('/me', (request, response) => void response.json({ user: userOf(request).username }))
  const service = await listen(app)
  expect((await send(service, '/.well-known/oauth-protected-resource')).status).toBe(200)
  expect((await send(service, '/me')).status).toBe(401)
  expect((await send(service, '/me', { fields: [bearer(token)] })).json()).toEqual({ user: 'alice' })
})

test('the response and the log have the id of the request, if there is one', async () => {
  const ids: string[] = []
  const app = express()
  app.use((request, _response, next) => {
    Object.assign(request, { id: 'request-7' })
    next()
  })
  app.use(cloakwright({ verifier: verifier(), onRefused: ({ requestId }) => ids.push(requestId) }))
  app.get('/me', requireUser())
  const service = await listen(app)
  expect((await send(service, '/me')).json()).toMatchObject({ requestId: 'request-7' })
  expect(ids).toEqual(['request-7'])
})

test('a token is bound to the certificate of the TLS connection', async () => {
  const own = makeCertificate('localhost')
  const client = makeCertificate('client')
  const another = makeCertificate('another')
  const mtls = { from: 'socket' } as const
  const app = express()
  app.use(cloakwright({ verifier: createVerifier({ issuer: issuer.issuer, audience: 'shop-api', mtls }) }))
  app.get('/', requireUser(), (_request, response) => void response.json({ ok: true }))
  const tls = { key: own.key, cert: own.cert, requestCert: true, rejectUnauthorized: false }
  const server = createHttps(tls, app)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const x5t = createHash('sha256').update(client.der).digest('base64url')
  const bound = await signClaims(key, claimsOf(issuer.issuer, { cnf: { 'x5t#S256': x5t } }))
  expect(await statusOverTls(port, bound, { key: client.key, cert: client.cert })).toBe(200)
  expect(await statusOverTls(port, bound, { key: another.key, cert: another.cert })).toBe(401)
  expect(await statusOverTls(port, bound, {})).toBe(401)
})

test('a path that names two tenants is of none: a URL parser resolves it, Express does not', async () => {
  const sessions = createTenantSessions({
    tenantOf: ({ url }) => /^\/(?:auth\/)?([a-z]+)(?:\/|$)/.exec(new URL(url).pathname)?.[1],
    optionsOf: (tenant) => ({
      issuer: issuer.issuer,
      clientId: 'shop',
      clientSecret: 'secret',
      audience: 'shop-api',
      publicUrl: 'https://shop.example.com',
      basePath: `/auth/${tenant}`,
      keys: [{ id: 'k1', key: randomBytes(32) }],
    }),
    store: memorySessionStore(),
  })
  const app = express()
  app.use(cloakwright({ verifier: verifier(), sessions }))
  app.get('/:tenant/*rest', requireUser(), (request, response) => void response.json(request.params))
  const service = await listen(app)
  const fields = [bearer(token)]
  for (const path of ['/globex/orders', '/globex/orders?from=/../acme'])
    expect((await send(service, path, { fields })).json()).toEqual({ tenant: 'globex', rest: ['orders'] })
  for (const between of ['..', '%2e%2e', '.%2E', '..\\..'])
    expect((await send(service, `/acme/${between}/globex/orders`, { fields })).json()).toMatchObject({
      status: 404,
      code: 'CW_TENANT_UNKNOWN',
    })
  await sessions.close()
})

test('sendProblem keeps the status and message of client errors', async () => {
  const app = express()
  app.use(express.json())
  app.use(sendProblem)
  const fields = [['content-type', 'application/json']] as const
  const response = await send(await listen(app), '/', { method: 'POST', fields, body: '{' })
  expect(response.headers['content-type']).toBe('application/problem+json')
  expect(response.json()).toMatchObject({ status: 400, title: 'Bad Request' })
})

test('a guard keeps the type of request.params that Express derives from the path', async () => {
  const app = express()
  const router = express.Router()
  const keycloak = new Keycloak(
    {},
    { realm: 'shop', 'auth-server-url': 'https://sso.example.com', resource: 'shop-api' },
  )
  const guards: express.RequestHandler[] = [requireUser(), keycloak.protect()]
  expect(guards).toHaveLength(2)
  app.use(cloakwright({ verifier: verifier() }))
  // Each of these compiles only if the parameter is a string.
  router.get('/ships/:id', requireUser(), (request, response) => {
    const id: string = request.params.id
    response.json({ id: id.toUpperCase() })
  })
  router.route('/ports/:port').get(requireUser(), requireScope('email'), (request, response) => {
    const port: string = request.params.port
    response.json({ port: port.toUpperCase(), user: userOf(request).username })
  })
  router.post('/ships/:id', requireUser(), (request: express.Request<Ship, object, Ship, Ship>, response) => {
    response.json({ id: request.params.id, body: request.body.id, user: userOf(request).username })
  })
  router.get('/old/:id', keycloak.protect(), (request, response) => {
    const id: string = request.params.id
    response.json({ id })
  })
  app.use(router, sendProblem)
  const service = await listen(app)
  const fields = [bearer(token)]
  expect((await send(service, '/ships/aurora', { fields })).json()).toEqual({ id: 'AURORA' })
})

interface Ship {
  readonly id: string
}
