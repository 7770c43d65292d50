import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CloakwrightError, createVerifier, role } from 'cloakwright'
import {
  allowAnonymous,
  cloakwright,
  requireClientRole,
  requirePolicy,
  requireRole,
  requireScope,
  requireUser,
  sendProblem,
  userOf,
} from 'cloakwright/fastify'
import Fastify, { type FastifyInstance, type InjectOptions, type LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { claimsOf, json, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { collectLogs } from '../support/logs.ts'

const key = makeKey('one', 'ES256')
const canary = 'CANARY7f3a'
const logs = collectLogs()
let issuer: TestIssuer
let app: FastifyInstance
let token: string

beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
  token = await sign()
  // Fastify itself logs each request's address, which an application has to cut at the query.
  app = Fastify({ logger: { stream: logs.stream, serializers: { req: ({ method }) => ({ method }) } } })
  const form = 'application/x-www-form-urlencoded'
  app.addContentTypeParser(form, { parseAs: 'string' }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(body as string)))
  })
  app.setErrorHandler(sendProblem)
  await app.register(cloakwright, {
    verifier: createVerifier({ issuer: issuer.issuer, audience: 'shop-api' }),
  })
  app.get('/public', (request) => ({ user: request.user?.username ?? null }))
  app.route({
    method: ['GET', 'POST'],
    url: '/me',
    onRequest: requireUser(),
    handler: (request) => ({ user: userOf(request).username }),
  })
  app.get('/admin', { onRequest: requireRole('admin') }, () => ({ ok: true }))
  app.get('/auditor', { onRequest: requireRole('admin', 'auditor') }, () => ({ ok: true }))
  app.get('/stock', { onRequest: requireClientRole('shop-api', 'stock-keeper') }, () => ({ ok: true }))
  app.get('/no-stock', { onRequest: requireClientRole('shop-web', 'stock-keeper') }, () => ({ ok: true }))
  app.get('/read', { onRequest: requireScope('read') }, () => ({ ok: true }))
  app.get('/readall', { onRequest: requireScope('readall') }, () => ({ ok: true }))
  app.get('/policy', { preHandler: requirePolicy(role('admin')) }, () => ({ ok: true }))
  app.get('/anyone', { onRequest: allowAnonymous() }, (request) => ({ user: request.user?.username ?? null }))
  app.get('/unguarded', (request) => userOf(request))
  app.get('/at-once', (request, reply) => {
    let calledAtOnce = false
    requireUser()(request, reply, () => {
      calledAtOnce = true
    })
    return { calledAtOnce }
  })
  app.get('/throws', () => {
    throw new Error(`password=${canary}`)
  })
  app.post('/typed', { schema: { body: { type: 'object', required: ['title'] } } }, () => ({ ok: true }))
  await app.register((scope, _options, done) => {
    scope.addHook('onRequest', requireUser())
    scope.get('/scoped', () => ({ ok: true }))
    done()
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
})
beforeEach(() => {
  logs.take()
})
afterAll(async () => {
  await app.close()
  await issuer.close()
})

const sign = (change: Record<string, unknown> = {}): Promise<string> =>
  signClaims(key, claimsOf(issuer.issuer, { secret: canary, ...change }))
const send = (
  url: string,
  authorization?: string,
  more: InjectOptions = {},
): Promise<LightMyRequestResponse> =>
  app.inject({
    url,
    ...more,
    headers: { ...(authorization === undefined ? {} : { authorization }), ...more.headers },
  })

const challengeOf = (response: LightMyRequestResponse): unknown => response.headers['www-authenticate']
const space = 'Bearer realm="shop"'

describe('a request with a good token', () => {
  test.each(['Bearer', 'bearer', 'BEARER', 'Bearer  '])('%s TOKEN is let in', async (scheme) => {
    const response = await send('/me', `${scheme} ${token}`)
    expect([response.statusCode, response.json()]).toEqual([200, { user: 'alice' }])
    expect(challengeOf(response)).toBeUndefined()
  })

  test.each([
    ['/admin', 200],
    ['/auditor', 403],
    ['/stock', 200],
    ['/no-stock', 403],
    ['/read', 403],
    ['/readall', 200],
    ['/policy', 200],
    ['/scoped', 200],
    ['/anyone', 200],
  ])('%s: %i', async (url, status) => {
    expect((await send(url, `Bearer ${token}`)).statusCode).toBe(status)
  })

  test('calls on without a promise once the token is known', async () => {
    await send('/me', `Bearer ${token}`)
    expect((await send('/at-once', `Bearer ${token}`)).json()).toEqual({ calledAtOnce: true })
  })

  test('forged addresses change nothing', async () => {
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }
    expect((await send('/me', `Bearer ${token}`, { headers })).statusCode).toBe(200)
    const refused = await send('/me', undefined, { headers })
    expect(JSON.stringify([refused.headers, refused.body])).not.toContain('evil')
  })
})

describe('a request without a token', () => {
  test.each([
    ['no field', undefined],
    ['another scheme', 'Basic YWxpY2U6YWxpY2U='],
    ['a scheme that begins alike', `BearerToken ${'x'.repeat(20)}`],
  ])('%s: 401, and a challenge without an error code', async (_name, authorization) => {
    const response = await send('/me', authorization)
    expect(response.statusCode).toBe(401)
    expect(challengeOf(response)).toBe(space)
    expect(response.headers['cache-control']).toBe('no-store')
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/)
    expect(response.json()).toEqual({
      type: 'about:blank',
      title: 'Unauthorized',
      status: 401,
      detail: 'Not authenticated',
      code: 'CW_TOKEN_MISSING',
      requestId: expect.any(String) as string,
    })
  })

  test('is let in where anyone is, and bad credentials are not', async () => {
    expect((await send('/anyone')).json()).toEqual({ user: null })
    expect((await send('/anyone', `Bearer ${token}`)).json()).toEqual({ user: 'alice' })
    expect((await send('/anyone', 'Bearer x')).statusCode).toBe(401)
  })

  test('a public route asks for nothing and knows nobody', async () => {
    expect((await send('/public', `Bearer ${token}`)).json()).toEqual({ user: null })
    expect((await send('/public')).statusCode).toBe(200)
  })
})

describe('a refused token', () => {
  const none = Buffer.from('{"alg":"none","kid":"one"}').toString('base64url')
  test.each([
    ['malformed', () => 'x', 'CW_TOKEN_MALFORMED', 'The access token is malformed'],
    ['empty', () => '', 'CW_TOKEN_MALFORMED', 'The access token is malformed'],
    ['with a quote and a backslash', () => 'x"\\y', 'CW_TOKEN_MALFORMED', 'The access token is malformed'],
    ['expired', () => sign({ exp: 1000 }), 'CW_TOKEN_EXPIRED', 'The access token has expired'],
    [
      'tampered',
      () => `${token.slice(0, -9)}AAAAAAAA${token.at(-1)}`,
      'CW_TOKEN_SIGNATURE',
      'The signature of the access token does not fit',
    ],
    [
      'alg none',
      () => `${none}.${token.split('.')[1]}.`,
      'CW_TOKEN_ALGORITHM',
      'The access token is signed with an algorithm that is not accepted',
    ],
    [
      'for another audience',
      () => sign({ aud: 'account' }),
      'CW_TOKEN_AUDIENCE',
      'The access token is for another audience',
    ],
    ['an ID token', () => sign({ typ: 'ID' }), 'CW_TOKEN_TYPE', 'The token is not an access token'],
  ])(
    '%s: 401 with the code, and a challenge that says invalid_token',
    async (_name, make, code, description) => {
      const response = await send('/me', `Bearer ${await make()}`)
      expect(response.statusCode).toBe(401)
      expect(response.json()).toMatchObject({
        status: 401,
        detail: 'Invalid authentication credentials',
        code,
      })
      expect(challengeOf(response)).toBe(
        `${space}, error="invalid_token", error_description="${description}"`,
      )
      expect(response.headers['cache-control']).toBe('no-store')
      expect(logs.take()).toMatchObject([{ code, hint: expect.any(String) as string }])
    },
  )

  test('a wrong audience is logged as a warning with the mapper that is missing', async () => {
    await send('/me', `Bearer ${await sign({ aud: canary })}`)
    expect(logs.take()).toMatchObject([{ level: 40, hint: expect.stringContaining('Add mapper') as string }])
  })
})

describe('permissions', () => {
  test('a missing role: 403 without a challenge, and the log names it', async () => {
    const response = await send('/auditor', `Bearer ${token}`)
    expect(response.json()).toMatchObject({
      status: 403,
      detail: 'Insufficient permissions',
      code: 'CW_FORBIDDEN',
    })
    expect(challengeOf(response)).toBeUndefined()
    expect(response.headers['cache-control']).toBe('no-store')
    expect(logs.take()).toMatchObject([{ code: 'CW_FORBIDDEN', msg: 'Token: missing realm role: auditor' }])
  })

  test('a missing scope: 403 with a challenge that names it', async () => {
    const response = await send('/read', `Bearer ${token}`)
    expect(response.json()).toMatchObject({
      status: 403,
      detail: 'Insufficient permissions',
      code: 'CW_SCOPE_INSUFFICIENT',
    })
    expect(challengeOf(response)).toBe(
      `${space}, error="insufficient_scope", error_description="The access token has too little scope", scope="read"`,
    )
  })
})

describe('where a token may be', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const ambiguous = `${space}, error="invalid_request", error_description="The request carries more than one token"`

  test('in the address it is not read, and the log says why', async () => {
    const response = await send(`/me?access_token=${token}`)
    expect([response.statusCode, challengeOf(response)]).toEqual([401, space])
    expect(logs.take()).toMatchObject([{ hint: expect.stringContaining('address') as string }])
  })

  test('in a form it is not read', async () => {
    const response = await send('/me', undefined, {
      method: 'POST',
      headers: form,
      payload: `access_token=${token}`,
    })
    expect([response.statusCode, challengeOf(response)]).toEqual([401, space])
  })

  test.each([
    ['in the address too', { url: '/me?access_token=x' }],
    ['in the address too, its name encoded', { url: '/me?access%5Ftoken=x' }],
    ['in a form too', { method: 'POST', headers: form, payload: 'access_token=x' }],
  ] as const)('in the field and %s: 400', async (_name, more) => {
    const response = await send('/me', `Bearer ${token}`, more as InjectOptions)
    expect(response.json()).toMatchObject({ status: 400, code: 'CW_REQUEST_AMBIGUOUS' })
    expect(challengeOf(response)).toBe(ambiguous)
  })

  test('two joined by a comma: 400', async () => {
    expect((await send('/me', `Bearer ${token}, Bearer ${token}`)).statusCode).toBe(400)
    expect((await send('/me', `Bearer ${token},${token}`)).statusCode).toBe(400)
  })

  test('two fields: 400', async () => {
    const fields = ['Host', 'localhost', 'Authorization', `Bearer ${token}`, 'authorization', 'Bearer x']
    expect(await statusOf(fields)).toBe(400)
    expect(await statusOf(fields.slice(0, 4))).toBe(200)
  })

  test('JSON with a member of that name is the application’s own', async () => {
    const response = await send('/me', `Bearer ${token}`, { method: 'POST', payload: { access_token: 'x' } })
    expect(response.statusCode).toBe(200)
  })
})

describe('the realm is out of reach', () => {
  test('503 with Retry-After and without a challenge', async () => {
    const down = await startIssuer([key.jwk])
    down.answers.jwks = (_request, response) => json(response, {}, 500)
    const service = Fastify()
    await service.register(cloakwright, {
      verifier: createVerifier({ issuer: down.issuer, audience: 'shop-api' }),
    })
    service.get('/', { onRequest: requireUser() }, () => ({ ok: true }))
    const good = await signClaims(key, claimsOf(down.issuer))
    const response = await service.inject({ url: '/', headers: { authorization: `Bearer ${good}` } })
    expect(response.json()).toMatchObject({ status: 503, code: 'CW_KEYS_UNAVAILABLE' })
    expect(response.headers['retry-after']).toMatch(/^[1-9]\d*$/)
    expect(challengeOf(response)).toBeUndefined()
    await service.close()
    await down.close()
  })
})

describe('the plugin', () => {
  const verifier = () => createVerifier({ issuer: issuer.issuer, audience: 'shop-api' })

  test.each(['a"b\r\nX-Evil: 1', 'Süd\\'])('a realm name like %o can not break the header', async (realm) => {
    const service = Fastify()
    await service.register(cloakwright, { verifier: verifier(), realm })
    service.get('/', { onRequest: requireUser() }, () => ({ ok: true }))
    const response = await service.inject('/')
    expect(challengeOf(response)).toMatch(/^Bearer realm="[^"\\\r\n]*"$/)
    expect(response.headers['x-evil']).toBeUndefined()
    await service.close()
  })

  test('twice, or beside another that has request.user, is refused', async () => {
    const service = Fastify()
    service.decorateRequest('user')
    void service.register(cloakwright, { verifier: verifier() })
    await expect(service.ready()).rejects.toMatchObject({ code: 'CW_CONFIG_INVALID' })
  })

  test('missing: a guard lets nobody in and says what to register', async () => {
    const service = Fastify()
    service.get('/', { onRequest: requireUser() }, () => ({ ok: true }))
    const response = await service.inject({ url: '/', headers: { authorization: `Bearer ${token}` } })
    expect([response.statusCode, response.json()]).toMatchObject([500, { code: 'CW_CONFIG_MISSING' }])
    await service.close()
  })

  test('a handler that asks for the user of an unguarded route is a mistake: 500', async () => {
    expect((await send('/unguarded')).json()).toMatchObject({ status: 500, code: 'CW_CONFIG_MISSING' })
  })

  test('a guard without a role is refused when the route is made', () => {
    expect(() => requireRole('')).toThrow(CloakwrightError)
  })
})

describe('sendProblem as error handler', () => {
  test('an unexpected error: 500, and its text stays inside', async () => {
    const response = await send('/throws')
    expect(response.json()).toMatchObject({ status: 500, detail: 'Internal error', code: 'HTTP_500' })
    expect(response.body).not.toContain(canary)
  })

  test('the framework’s own errors keep status, text and code', async () => {
    const response = await send('/typed', undefined, { method: 'POST', payload: {} })
    expect(response.json()).toMatchObject({
      status: 400,
      code: 'FST_ERR_VALIDATION',
      detail: expect.stringContaining('title') as string,
    })
    const malformed = await send('/typed', undefined, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      payload: '{',
    })
    expect(malformed.json()).toMatchObject({ status: 400 })
  })
})

test('no token and no claim’s value is in any log line or answer', async () => {
  const bodies: string[] = []
  for (const change of [
    {},
    { aud: canary },
    { iss: canary },
    { typ: canary },
    { exp: canary },
    { sub: 7 },
    { cnf: canary },
  ])
    for (const url of ['/me', '/auditor', '/read', '/anyone', `/me?access_token=${canary}`]) {
      const response = await send(url, `Bearer ${await sign(change)}`)
      bodies.push(JSON.stringify([response.headers, response.body]))
    }
  const everything = logs.text().replaceAll(`password=${canary}`, '') + bodies.join('\n')
  expect(everything).toContain('CW_TOKEN_AUDIENCE')
  expect(everything).not.toContain(canary)
  for (const part of token.split('.')) expect(everything).not.toContain(part)
})

function statusOf(headers: readonly string[]): Promise<number | undefined> {
  const { port } = app.server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, path: '/me', headers: headers as string[], agent: false },
      (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode))
      },
    )
    request.on('error', reject)
    request.end()
  })
}
