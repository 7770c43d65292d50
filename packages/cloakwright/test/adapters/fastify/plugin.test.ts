import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import {
  type AccessToken,
  CloakwrightError,
  createVerifier,
  type Verifier,
  type VerifierOptions,
} from 'cloakwright'
import {
  allowAnonymous,
  cloakwright,
  maybeUserOf,
  requireRole,
  requireUser,
  sendProblem,
  userOf,
} from 'cloakwright/fastify'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeCertificate } from '../../proof/support/certificates.ts'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../../support/issuer.ts'
import { statusOverTls } from '../behaviour/client.ts'
import { testBehaviour } from '../behaviour.ts'
import { fastifyDriver } from '../drivers/fastify.ts'

testBehaviour(fastifyDriver)

// Behaviour of Fastify only.

const key = makeKey('one', 'ES256')
let issuer: TestIssuer
let token: string
let authorization: string
const services: FastifyInstance[] = []

beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
  token = await signClaims(key, claimsOf(issuer.issuer))
  authorization = `Bearer ${token}`
})
afterAll(async () => {
  for (const service of services) await service.close()
  await issuer.close()
})

const makeVerifier = (more: Partial<VerifierOptions> = {}): Verifier =>
  createVerifier({ issuer: issuer.issuer, audience: 'shop-api', ...more } as VerifierOptions)
const remember = <Service>(service: Service): Service => {
  services.push(service as FastifyInstance)
  return service
}
const make = (): FastifyInstance => remember(Fastify()).setErrorHandler(sendProblem)

describe('guards', () => {
  test('call back without a promise for a known token', async () => {
    const service = make()
    await service.register(cloakwright, { verifier: makeVerifier() })
    service.get('/me', { onRequest: requireUser() }, () => ({ ok: true }))
    service.get('/', (request, reply) => {
      let calledAtOnce = false
      requireUser()(request, reply, () => (calledAtOnce = true))
      return { calledAtOnce }
    })
    const headers = { authorization }
    await service.inject({ url: '/me', headers })
    expect((await service.inject({ url: '/', headers })).json()).toEqual({ calledAtOnce: true })
  })

  test('guard a scope as a hook, and run after the body as a preHandler', async () => {
    const service = make()
    await service.register(cloakwright, { verifier: makeVerifier() })
    await service.register((scope, _options, done) => {
      scope.addHook('onRequest', requireUser())
      scope.get('/scoped', (request) => ({ user: userOf(request).username }))
      done()
    })
    service.get('/late', { preHandler: requireRole('admin') }, () => ({ ok: true }))
    for (const url of ['/scoped', '/late']) {
      expect((await service.inject(url)).statusCode).toBe(401)
      expect((await service.inject({ url, headers: { authorization } })).statusCode).toBe(200)
    }
  })

  test('of the whole application do not protect the service’s metadata', async () => {
    const service = make()
    service.addHook('onRequest', requireUser())
    const resource = { resource: 'https://api.example.com' }
    await service.register(cloakwright, { verifier: makeVerifier(), resource })
    service.get('/', () => ({ ok: true }))
    expect((await service.inject('/.well-known/oauth-protected-resource')).statusCode).toBe(200)
    expect((await service.inject('/')).statusCode).toBe(401)
    expect((await service.inject('/nowhere')).statusCode).toBe(401)
  })

  test('without a role are refused when the route is created', () => {
    expect(() => requireRole('')).toThrow(CloakwrightError)
  })
})

describe('the plugin', () => {
  test('registered twice, or with another plugin that has request.user, is refused', async () => {
    const service = Fastify()
    service.decorateRequest('user')
    void service.register(cloakwright, { verifier: makeVerifier() })
    await expect(service.ready()).rejects.toMatchObject({ code: 'CW_CONFIG_INVALID' })
  })

  test('with another plugin that has request.user, has the user under another name', async () => {
    const service = make()
    service.decorateRequest('user', undefined)
    service.addHook('onRequest', async (request) => void Object.assign(request, { user: { name: 'bob' } }))
    await service.register(cloakwright, { verifier: makeVerifier(), property: 'token' })
    const answer = (request: FastifyRequest) => ({
      user: (request.user as unknown as { name: string }).name,
      token: (request as unknown as { token?: AccessToken }).token?.username,
      by: maybeUserOf(request)?.username,
    })
    service.get('/me', { onRequest: requireUser() }, (request) => {
      expect(userOf(request)).toBe(maybeUserOf(request))
      return answer(request)
    })
    service.get('/anyone', { onRequest: allowAnonymous() }, answer)
    service.get('/open', answer)
    service.post('/form', { onRequest: requireUser() }, () => ({ ok: true }))
    const get = async (url: string, headers = {}) =>
      (await service.inject({ url, headers })).json() as unknown
    expect(await get('/me', { authorization })).toEqual({ user: 'bob', token: 'alice', by: 'alice' })
    for (const url of ['/anyone', '/open']) expect(await get(url)).toEqual({ user: 'bob' })
  })

  test.each(['', 'body', 'headers', 'ip', 5])('with the property %j is refused', async (property) => {
    const service = Fastify()
    void service.register(cloakwright, { verifier: makeVerifier(), property: property as string })
    await expect(service.ready()).rejects.toMatchObject({ code: 'CW_CONFIG_INVALID' })
  })

  test('guards with the verifier of its own scope', async () => {
    const service = make()
    for (const audience of ['shop-api', 'another'])
      await service.register(async (scope) => {
        await scope.register(cloakwright, { verifier: makeVerifier({ audience }) })
        scope.get(`/${audience}`, { onRequest: requireUser() }, () => ({ ok: true }))
      })
    expect((await service.inject({ url: '/shop-api', headers: { authorization } })).statusCode).toBe(200)
    expect((await service.inject({ url: '/another', headers: { authorization } })).statusCode).toBe(401)
  })
})

describe('on other connections', () => {
  test('HTTP/2', async () => {
    const service = remember(Fastify({ http2: true }))
    await service.register(cloakwright, { verifier: makeVerifier() })
    service.get('/me', { onRequest: requireUser() }, (request) => ({ user: userOf(request).username }))
    await service.listen({ host: '127.0.0.1', port: 0 })
    const session = connect(`http://127.0.0.1:${(service.server.address() as AddressInfo).port}`)
    const get = async (headers: Record<string, string | string[]>) => {
      const stream = session.request({ ':path': '/me', ...headers })
      const [answered] = (await once(stream, 'response')) as [Record<string, unknown>]
      stream.resume()
      return [answered[':status'], answered['www-authenticate']]
    }
    expect(await get({ authorization })).toEqual([200, undefined])
    expect(await get({})).toEqual([401, 'Bearer realm="shop"'])
    expect((await get({ authorization: `${authorization}, Bearer x` }))[0]).toBe(400)
    session.close()
  })

  test('TLS, with the certificate that the token is bound to', async () => {
    const own = makeCertificate('localhost')
    const client = makeCertificate('client')
    const another = makeCertificate('another')
    const https = { key: own.key, cert: own.cert, requestCert: true, rejectUnauthorized: false }
    const service = remember(Fastify({ https }))
    await service.register(cloakwright, { verifier: makeVerifier({ mtls: { from: 'socket' } }) })
    service.get('/', { onRequest: requireUser() }, () => ({ ok: true }))
    await service.listen({ host: '127.0.0.1', port: 0 })
    const { port } = service.server.address() as AddressInfo
    const x5t = createHash('sha256').update(client.der).digest('base64url')
    const bound = await signClaims(key, claimsOf(issuer.issuer, { cnf: { 'x5t#S256': x5t } }))
    const statusBy = (certificate: object) => statusOverTls(port, bound, certificate)
    expect(await statusBy({ key: client.key, cert: client.cert })).toBe(200)
    expect(await statusBy({ key: another.key, cert: another.cert })).toBe(401)
    expect(await statusBy({})).toBe(401)
  })
})

test('sendProblem keeps status, message and code of the framework’s own errors', async () => {
  const service = make()
  service.post('/', { schema: { body: { type: 'object', required: ['title'] } } }, () => ({ ok: true }))
  const invalid = await service.inject({ method: 'POST', url: '/', payload: {} })
  expect(invalid.json()).toMatchObject({
    status: 400,
    code: 'FST_ERR_VALIDATION',
    detail: expect.stringContaining('title') as string,
  })
  const headers = { 'content-type': 'application/json' }
  const malformed = await service.inject({ method: 'POST', url: '/', headers, payload: '{' })
  expect(malformed.json()).toMatchObject({ status: 400 })
})
