import { once } from 'node:events'
import { connect } from 'node:http2'
import { CloakwrightError, createVerifier, type ErrorCode } from 'cloakwright'
import { allowAnonymous, cloakwright, requireRole, requireUser, userOf } from 'cloakwright/fastify'
import Fastify, { type FastifyInstance, type InjectOptions } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Session, SessionEngine, SessionRequest } from '../../../src/session/types.ts'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../../support/issuer.ts'

// The adapter's side of the interface: a small engine behind it records the calls.

const key = makeKey('one', 'ES256')
let issuer: TestIssuer
let app: FastifyInstance
let session: Session | undefined
let failure: ErrorCode | undefined
let asked: { readonly call: string; readonly url: string; readonly cookie: string | null }[] = []

const note = (call: string, request: SessionRequest): void => {
  asked.push({ call, url: request.url, cookie: request.headers.get('Cookie') })
  if (failure !== undefined) throw new CloakwrightError(failure, 'Session: a test', { retryAfter: 7 })
}
const engine: SessionEngine = {
  basePath: '/auth',
  loginPath: () => '/auth/login',
  cookieName: 'test',
  async handle(request) {
    note('handle', request)
    const { pathname } = new URL(request.url)
    if (pathname === '/auth/login') {
      const headers = new Headers({ location: 'https://sso.example.com/auth', 'cache-control': 'no-store' })
      headers.append('set-cookie', 'a=1; Path=/')
      headers.append('set-cookie', 'b=2; Path=/')
      return new Response(null, { status: 303, headers })
    }
    if (pathname === '/auth/echo')
      return new Response(await request.text(), { headers: { 'content-type': 'text/plain' } })
    return undefined
  },
  async authenticate(request) {
    note('authenticate', request)
    return session
  },
  watch: () => () => {},
  refreshSession: async () => session,
  list: async () => [],
  end: async () => false,
  endOthers: async () => 0,
  close: async () => {},
  async challenge(request) {
    note('challenge', request)
    const navigation = request.method === 'GET' && request.headers.get('accept')?.includes('text/html')
    return navigation ? new Response(null, { status: 302, headers: { location: '/auth/login' } }) : undefined
  },
}

const liveSession = (accessToken: string): Session => ({
  key: 'k',
  sid: 's',
  subject: 'alice',
  accessToken,
  createdAt: Date.now(),
  expiresAt: Date.now() + 60_000,
  data: undefined,
  refresh: async () => undefined,
  update: async () => undefined,
})

beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
  app = Fastify()
  const verifier = createVerifier({ issuer: issuer.issuer, audience: 'shop-api' })
  await app.register(cloakwright, { verifier, sessions: engine })
  app.get('/me', { onRequest: requireUser() }, (request) => ({ user: userOf(request).username }))
  app.get('/boss', { onRequest: requireRole('boss') }, () => ({ ok: true }))
  app.route({
    method: ['GET', 'POST'],
    url: '/anyone',
    onRequest: allowAnonymous(),
    handler: (request) => ({ user: request.user?.username ?? null }),
  })
  app.get('/two', { onRequest: [requireUser(), requireRole('admin')] }, () => ({ ok: true }))
  app.post('/json', (request) => request.body)
})
beforeEach(async () => {
  asked = []
  failure = undefined
  session = liveSession(await signClaims(key, claimsOf(issuer.issuer)))
})
afterAll(async () => {
  await app.close()
  await issuer.close()
})

const cookie = 'cloakwright_dev=x'
const navigation = { accept: 'text/html,application/xhtml+xml' }
const send = (options: InjectOptions) => app.inject(options)

test('a guard of the whole application does not protect the login', async () => {
  const service = Fastify()
  service.addHook('onRequest', requireUser())
  const verifier = createVerifier({ issuer: issuer.issuer, audience: 'shop-api' })
  await service.register(cloakwright, { verifier, sessions: engine })
  service.get('/', () => ({ ok: true }))
  const answers = [
    await service.inject({ url: '/', headers: navigation }),
    await service.inject({ url: '/auth/login', headers: navigation }),
  ]
  expect(answers.map(({ headers }) => headers['location'])).toEqual([
    '/auth/login',
    'https://sso.example.com/auth',
  ])
  await service.close()
})

test('over HTTP/2, a browser may send each cookie as a header of its own', async () => {
  const service = Fastify({ http2: true })
  const verifier = createVerifier({ issuer: issuer.issuer, audience: 'shop-api' })
  await service.register(cloakwright, { verifier, sessions: engine })
  service.get('/me', { onRequest: requireUser() }, (request) => ({ user: userOf(request).username }))
  const client = connect(await service.listen({ host: '127.0.0.1', port: 0 }))
  const stream = client.request({ ':path': '/me', cookie: ['theme=dark', cookie, 'lang=de'] as never })
  const [answered] = (await once(stream, 'response')) as [Record<string, unknown>]
  stream.resume()
  expect(answered[':status']).toBe(200)
  expect(asked.map((one) => one.cookie)).toEqual([`theme=dark; ${cookie}; lang=de`])
  client.close()
  await service.close()
})

describe('a session', () => {
  test('is loaded once per request, however many guards run', async () => {
    for (const times of [1, 2]) {
      expect((await send({ url: '/two', headers: { cookie } })).statusCode).toBe(200)
      expect(asked.map(({ call }) => call)).toEqual(Array.from({ length: times }, () => 'authenticate'))
    }
  })

  test('is admitted with its access token, and caches store nothing', async () => {
    const response = await send({ url: '/me', headers: { cookie } })
    expect([response.statusCode, response.json()]).toEqual([200, { user: 'alice' }])
    expect(response.headers['cache-control']).toBe('no-store')
    expect(asked).toEqual([{ call: 'authenticate', url: 'http://localhost:80/me', cookie }])
  })

  test('without the role: 403', async () => {
    expect((await send({ url: '/boss', headers: { cookie, ...navigation } })).statusCode).toBe(403)
  })

  test('is not looked up without a cookie', async () => {
    expect((await send({ url: '/anyone' })).json()).toEqual({ user: null })
    expect(asked).toEqual([])
  })

  test('is not used by a request with an Authorization header', async () => {
    for (const authorization of ['Bearer x', 'Basic x', '']) {
      const response = await send({ url: '/me', headers: { cookie, authorization, ...navigation } })
      expect(response.statusCode, authorization).toBe(401)
    }
    expect(asked).toEqual([])
  })

  test('with a refused token: 401 and no endless redirect', async () => {
    session = liveSession(await signClaims(key, claimsOf(issuer.issuer, { aud: 'account' })))
    const response = await send({ url: '/me', headers: { cookie, ...navigation } })
    expect(response.json()).toMatchObject({ status: 401, code: 'CW_TOKEN_AUDIENCE' })
  })

  test.each([
    ['is gone', makeKey('gone', 'ES256')],
    ['has given its name to another', makeKey('one', 'ES256')],
  ])('whose key %s: handled as no session, since a new login helps', async (_case, former) => {
    session = liveSession(await signClaims(former, claimsOf(issuer.issuer)))
    const opened = await send({ url: '/me', headers: { cookie, ...navigation } })
    expect([opened.statusCode, opened.headers.location]).toEqual([302, '/auth/login'])
    const fetched = await send({ url: '/me', headers: { cookie } })
    expect(fetched.json()).toMatchObject({ status: 401, code: 'CW_TOKEN_MISSING' })
    expect(fetched.headers['www-authenticate']).toBe('Bearer realm="shop"')
    expect((await send({ url: '/anyone', headers: { cookie } })).json()).toEqual({ user: null })
  })

  test.each([
    ['CW_SESSION_ORIGIN', 403],
    ['CW_PROVIDER_UNAVAILABLE', 503],
    ['CW_STATE_UNAVAILABLE', 503],
  ] as const)('that fails by %s: %i', async (code, status) => {
    failure = code
    for (const [method, url] of [
      ['GET', '/me'],
      ['POST', '/anyone'],
    ] as const) {
      const response = await send({ method, url, headers: { cookie } })
      expect(response.json()).toMatchObject({ status, code })
      expect(response.headers['retry-after']).toBe('7')
    }
  })

  test.each(['CW_PROVIDER_UNAVAILABLE', 'CW_STATE_UNAVAILABLE'] as const)(
    'that fails by %s: a public page is shown, to anyone',
    async (code) => {
      failure = code
      const response = await send({ url: '/anyone', headers: { cookie } })
      expect([response.statusCode, response.json()]).toEqual([200, { user: null }])
    },
  )
})

describe('without a session', () => {
  beforeEach(() => {
    session = undefined
  })

  test('a navigation is redirected to login', async () => {
    const response = await send({ url: '/me?a=1', headers: { ...navigation, host: 'other.example' } })
    expect([response.statusCode, response.headers.location]).toEqual([302, '/auth/login'])
    expect(asked).toMatchObject([{ call: 'challenge', url: 'http://other.example/me?a=1' }])
  })

  test('a script’s request gets 401 and a challenge without an error code', async () => {
    const response = await send({ url: '/me', headers: { cookie } })
    expect(response.statusCode).toBe(401)
    expect(response.headers['www-authenticate']).toBe('Bearer realm="shop"')
  })

  test('an ended one is anonymous where anonymous requests are admitted', async () => {
    expect((await send({ url: '/anyone', headers: { cookie } })).json()).toEqual({ user: null })
  })

  test.each(['evil.example/a?b', 'a b', '[', 'user@host'])(
    'the host %o does not lead to a login',
    async (host) => {
      const response = await send({ url: '/me', headers: { ...navigation, host } })
      expect(response.statusCode).toBe(302)
      expect(URL.canParse(asked[0]?.url ?? '')).toBe(true)
    },
  )
})

describe('the engine’s own routes', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }

  test('respond as the engine does, each cookie in a separate header', async () => {
    const response = await send({ url: '/auth/login?returnTo=%2Fme' })
    expect([response.statusCode, response.headers.location]).toEqual([303, 'https://sso.example.com/auth'])
    expect(response.headers['set-cookie']).toEqual(['a=1; Path=/', 'b=2; Path=/'])
    expect(asked[0]?.url).toMatch(/^http:\/\/localhost(:80)?\/auth\/login\?returnTo=%2Fme$/)
  })

  test('read forms unchanged, byte by byte', async () => {
    const payload = 'logout_token=a.b.c&x=%C3%A9+1'
    expect((await send({ method: 'POST', url: '/auth/echo', headers: form, payload })).body).toBe(payload)
  })

  test('accept no other content, and a limited size', async () => {
    const other = { method: 'POST', url: '/auth/echo', payload: { a: 1 } } as const
    expect((await send(other)).json()).toMatchObject({ status: 415 })
    const large = { method: 'POST', url: '/auth/echo', headers: form, payload: 'x'.repeat(70_000) } as const
    expect((await send(large)).json()).toMatchObject({ status: 413 })
    expect(asked).toEqual([])
  })

  test('unknown paths are not found', async () => {
    expect((await send({ url: '/auth/unknown' })).statusCode).toBe(404)
  })

  test('respond with a problem on errors', async () => {
    failure = 'CW_STATE_UNAVAILABLE'
    const response = await send({ url: '/auth/login' })
    expect(response.json()).toMatchObject({ status: 503, code: 'CW_STATE_UNAVAILABLE' })
    expect(response.headers['retry-after']).toBe('7')
  })

  test('keep the application’s content types', async () => {
    expect((await send({ method: 'POST', url: '/json', payload: { a: 1 } })).json()).toEqual({ a: 1 })
    expect((await send({ method: 'POST', url: '/json', headers: form, payload: 'a=1' })).statusCode).toBe(415)
  })
})
