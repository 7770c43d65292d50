import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { createRevocations, createVerifier } from 'cloakwright'
import { cloakwright, requireUser } from 'cloakwright/express'
import Keycloak from 'cloakwright/keycloak-connect'
import { memoryReplayStore } from 'cloakwright/state'
import express from 'express'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeProofKey, signProof } from '../proof/support/proofs.ts'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { refusalOf } from '../support/refusal.ts'
import { bearer, closeAll, configOf, grantOf, serve } from './support/application.ts'

const key = makeKey('one')
const canary = 'CANARY7f3a'
const hinted = expect.stringContaining('docs/guides/migrate-from-keycloak-connect.md') as unknown
let issuer: TestIssuer
let token: string

beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
  token = await sign()
})
afterAll(() => issuer.close())

afterEach(closeAll)

const sign = (change: Record<string, unknown> = {}): Promise<string> =>
  signClaims(key, claimsOf(issuer.issuer, { secret: canary, ...change }))
const config = (change?: Record<string, unknown>): Record<string, unknown> => configOf(issuer.issuer, change)

describe('configuration', () => {
  test.each([
    ['as keycloak.json', {}],
    [
      'clientId, serverUrl',
      { resource: undefined, clientId: 'shop-api', 'auth-server-url': undefined, serverUrl: '' },
    ],
    [
      'client-id, server-url',
      { resource: undefined, 'client-id': 'shop-api', 'auth-server-url': undefined, 'server-url': '' },
    ],
    [
      'all that a file may have',
      {
        'ssl-required': 'external',
        'confidential-port': 0,
        credentials: { secret: canary },
        'public-client': false,
        'realm-public-key': null,
        'verify-token-audience': true,
        'use-resource-role-mappings': true,
      },
    ],
  ])('%s', (_name, change) => {
    const server = issuer.issuer.replace('/realms/shop', '///')
    const filled = Object.fromEntries(
      Object.entries(change).map(([name, value]) => [name, value === '' ? server : value]),
    )
    const keycloak = new Keycloak({}, config(filled))
    const resolved = {
      realm: 'shop',
      clientId: 'shop-api',
      realmUrl: issuer.issuer,
      realmAdminUrl: issuer.issuer.replace('/realms/', '/admin/realms/'),
      bearerOnly: true,
      public: false,
    }
    expect(keycloak.getConfig()).toMatchObject(resolved)
    expect(inspect(keycloak, { depth: 9, showHidden: true })).not.toContain(canary)
  })

  test('a path, the file keycloak.json of the working directory, and variables', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cloakwright-compat-'))
    const cwd = vi.spyOn(process, 'cwd').mockReturnValue(folder)
    const file = join(folder, 'keycloak.json')
    try {
      expect(await refusalOf(() => new Keycloak({}))).toMatchObject({
        code: 'CW_CONFIG_MISSING',
        message: `${file}: cannot be read`,
      })
      writeFileSync(file, `{ "credentials": "${canary}", }`)
      const broken = await refusalOf(() => new Keycloak({}))
      expect(broken).toMatchObject({ code: 'CW_CONFIG_INVALID', message: `${file}: not JSON` })
      expect(inspect(broken)).not.toContain(canary)

      vi.stubEnv('CLOAKWRIGHT_TEST_REALM', 'shop')
      const written = config({
        realm: '${env.CLOAKWRIGHT_TEST_REALM:other}',
        resource: '${env.CLOAKWRIGHT_TEST_CLIENT:shop-api}',
      })
      writeFileSync(file, JSON.stringify(written))
      for (const where of [undefined, file, 'keycloak.json'])
        expect(new Keycloak({}, where).getConfig()).toMatchObject({ realm: 'shop', clientId: 'shop-api' })
    } finally {
      vi.unstubAllEnvs()
      cwd.mockRestore()
      rmSync(folder, { recursive: true })
    }
  })

  test.each([
    ['no realm', { realm: undefined }, 'CW_CONFIG_MISSING', 'keycloak.json: realm is missing'],
    ['no client', { resource: '' }, 'CW_CONFIG_MISSING', 'keycloak.json: resource is missing'],
    [
      'no server',
      { 'auth-server-url': undefined },
      'CW_CONFIG_MISSING',
      'keycloak.json: auth-server-url is missing',
    ],
    [
      'a client that is not a string',
      { resource: ['shop-api'] },
      'CW_CONFIG_INVALID',
      'keycloak.json: resource is not a string',
    ],
    [
      'a variable that is not set',
      { realm: '${env.CLOAKWRIGHT_UNSET}' },
      'CW_CONFIG_MISSING',
      'keycloak.json: realm needs the variable CLOAKWRIGHT_UNSET',
    ],
    [
      'the client account',
      { resource: 'account' },
      'CW_CONFIG_INSECURE',
      'audience: `account` is in nearly every token of a realm',
    ],
    [
      'plain http beyond loopback',
      { 'auth-server-url': 'http://sso.example.com', 'ssl-required': 'none' },
      'CW_CONFIG_INSECURE',
      'issuer: plain http is allowed on loopback only',
    ],
    [
      'a server that is not a URL',
      { 'auth-server-url': 'sso.example.com' },
      'CW_CONFIG_INVALID',
      'issuer: not an absolute URL',
    ],
  ])('%s stops the start', async (_name, change, code, message) => {
    const refusal = await refusalOf(() => new Keycloak({}, config(change)))
    expect(refusal).toMatchObject({ code, message })
    expect(refusal?.hint).toBeTruthy()
  })

  test('plain http beyond loopback needs the explicit option', () => {
    const http = config({ 'auth-server-url': 'http://sso.example.com' })
    const keycloak = new Keycloak({ verifier: { dangerouslyAllowHttp: true } }, http)
    expect(keycloak.getConfig().realmUrl).toBe('http://sso.example.com/realms/shop')
  })
})

describe('parts of the old adapter that are elsewhere in this one', () => {
  const unsupported = [
    'authenticated',
    'deauthenticated',
    'checkPermissions',
    'loginUrl',
    'logoutUrl',
    'getGrantFromCode',
    'getAccount',
    'getGrant',
    'storeGrant',
    'unstoreGrant',
  ] as const
  test.each(unsupported)('%s() names its replacement, and cannot be replaced', async (name) => {
    const keycloak = new Keycloak({}, config())
    const refused = {
      code: 'CW_CONFIG_INVALID',
      message: expect.stringContaining(`${name}()`) as unknown,
      hint: hinted,
    }
    expect(await refusalOf(() => keycloak[name]())).toMatchObject(refused)
    const own: Record<string, unknown> = {}
    expect(await refusalOf(() => Object.assign(keycloak, { [name]: () => {} }))).toMatchObject(refused)
    expect(await refusalOf(() => Object.assign(Keycloak.prototype, { [name]: () => {} }))).toMatchObject(
      refused,
    )
    class Own extends Keycloak {}
    Object.defineProperty(Own.prototype, name, { value: () => own })
    expect(await refusalOf(() => new Own({}, config()))).toMatchObject(refused)
  })

  test('checkSso() needs sessions', async () => {
    const refusal = await refusalOf(() => new Keycloak({}, config()).checkSso())
    expect(refusal).toMatchObject({ code: 'CW_CONFIG_INVALID', hint: hinted })
  })

  test.each([
    ['realm-public-key', 'MIIB'],
    ['realmPublicKey', 'MIIB'],
    ['min-time-between-jwks-requests', 10],
    ['minTimeBetweenJwksRequests', 10],
    ['verify-token-audience', false],
    ['verifyTokenAudience', false],
  ])('%s of keycloak.json stops the start: it would have no effect', async (name, value) => {
    const refusal = await refusalOf(() => new Keycloak({}, config({ [name]: value })))
    expect(refusal).toMatchObject({
      code: 'CW_CONFIG_INVALID',
      message: `keycloak-connect: ${name} of keycloak.json is not part of this adapter`,
      hint: hinted,
    })
  })

  test('flags of keycloak.json may come from variables', async () => {
    vi.stubEnv('CLOAKWRIGHT_TEST_FLAG', 'false')
    try {
      const flags = { 'bearer-only': '${env.CLOAKWRIGHT_TEST_FLAG}', 'public-client': 'true' }
      expect(new Keycloak({}, config(flags)).getConfig()).toMatchObject({ bearerOnly: false, public: true })
    } finally {
      vi.unstubAllEnvs()
    }
    const refusal = await refusalOf(() => new Keycloak({}, config({ 'bearer-only': 'yes' })))
    expect(refusal).toMatchObject({
      code: 'CW_CONFIG_INVALID',
      message: 'keycloak.json: bearer-only is neither true nor false',
    })
  })

  test('accountUrl() is a URL of the realm', () => {
    expect(new Keycloak({}, config()).accountUrl()).toBe(`${issuer.issuer}/account`)
  })

  test.each(['/k_logout', '/k_push_not_before'])('POST %s: 404, and the log has the reason', async (path) => {
    const entries: string[] = []
    const keycloak = new Keycloak({ onRefused: ({ hint }) => entries.push(hint ?? '') }, config())
    const app = express().use(keycloak.middleware())
    app.use((_request, response) => void response.json({}))
    const { port, get } = await serve(app)
    const refused = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST' })
    expect([refused.status, await refused.json()]).toMatchObject([404, { code: 'CW_CONFIG_INVALID' }])
    expect(entries).toEqual([expect.stringContaining('Backchannel logout URL')])
    expect((await get(path)).status).toBe(200)
  })

  test.each([
    [[]],
    [''],
    [':read'],
    ['orders:'],
    [5],
    [['orders:read', null]],
    ['orders:read', { response_mode: 'token' }],
    ['orders:read', { claims: () => ({}) }],
  ])('enforcer(%j, %j) stops the start', async (permissions, options?: object) => {
    const keycloak = new Keycloak({}, config())
    const refusal = await refusalOf(() => keycloak.enforcer(permissions as string, options))
    expect(refusal).toMatchObject({ code: 'CW_CONFIG_INVALID' })
  })

  const store = { get() {}, set() {} }
  test.each([
    ['store', 'sessions: (client) => createSessions(', { store }],
    ['store', 'express-session', { store }],
    ['cookies', 'sessions: (client) => createSessions(', { cookies: true }],
    ['scope', 'createSessions() has the option scope', { scope: 'openid' }],
    ['idpHint', 'Identity Provider Redirector', { idpHint: 'google' }],
    ['onRefuse', 'Remove it', { onRefuse: () => {} }],
  ])('new Keycloak({ %s }) stops the start and names %s', async (name, replacement, options) => {
    const refusal = await refusalOf(() => new Keycloak(options as object, config()))
    expect(refusal).toMatchObject({
      code: 'CW_CONFIG_INVALID',
      message: `keycloak-connect: the option ${name} of new Keycloak() is not part of this adapter`,
    })
    expect(refusal?.hint).toContain(replacement)
  })

  test.each([
    ['logout', 'createSessions(', { logout: '/logout' }],
    ['admin', 'createRevocations()', { admin: '/' }],
  ])('middleware({ %s }) stops the start and names %s', async (name, replacement, options) => {
    const keycloak = new Keycloak({}, config())
    const refusal = await refusalOf(() => keycloak.middleware(options as Keycloak.MiddlewareOptions))
    expect(refusal).toMatchObject({
      code: 'CW_CONFIG_INVALID',
      message: `keycloak-connect: the option ${name} of middleware() is not part of this adapter`,
    })
    expect(refusal?.hint).toContain(replacement)
  })

  test('values that switch an option off are accepted', () => {
    const off = { store: undefined, cookies: false, scope: undefined, idpHint: '' }
    const keycloak = new Keycloak(off as object, config())
    expect(keycloak.middleware({ logout: undefined })).toHaveLength(2)
  })

  test('grantManager stops the start too', async () => {
    const keycloak = new Keycloak({}, config())
    expect(await refusalOf(() => keycloak.grantManager)).toMatchObject({ code: 'CW_CONFIG_INVALID' })
  })

  test.each([[['realm:admin']], [''], ['realm:'], [':admin'], [5], [null]])(
    'protect(%j) admits no one',
    async (spec) => {
      const keycloak = new Keycloak({}, config())
      expect(await refusalOf(() => keycloak.protect(spec as string))).toMatchObject({
        code: 'CW_CONFIG_INVALID',
      })
    },
  )
})

describe('refusals', () => {
  test('401 and 403 with a challenge, as problems; the log has the reason', async () => {
    const entries: unknown[] = []
    const keycloak = new Keycloak({ onRefused: ({ code }) => entries.push(code) }, config())
    const app = express()
    app.use(keycloak.middleware())
    app.get('/me', keycloak.protect(), (_request, response) => void response.json({}))
    app.get('/auditor', keycloak.protect('realm:auditor'), (_request, response) => void response.json({}))
    const { get } = await serve(app)

    const anonymous = await get('/me')
    expect([anonymous.status, anonymous.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="shop"',
    ])
    expect(anonymous.headers.get('content-type')).toBe('application/problem+json')
    expect(await anonymous.json()).toMatchObject({ status: 401, detail: 'Not authenticated' })

    const foreign = await get('/me', bearer(await sign({ aud: 'account' })))
    expect(foreign.status).toBe(401)
    expect(foreign.headers.get('www-authenticate')).toContain('error="invalid_token"')

    const forbidden = await get('/auditor', bearer(token))
    expect(forbidden.status).toBe(403)
    expect(forbidden.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
    expect(await forbidden.json()).toMatchObject({ detail: 'Insufficient permissions' })
    expect(entries).toEqual(['CW_TOKEN_MISSING', 'CW_TOKEN_AUDIENCE', 'CW_FORBIDDEN'])
  })

  test('accessDenied() can be replaced, on the object and on the prototype', async () => {
    const original = Keycloak.prototype.accessDenied
    const keycloak = new Keycloak({}, config())
    const app = express()
    app.use(keycloak.middleware())
    app.get('/me', keycloak.protect(), (_request, response) => void response.json({}))
    app.get('/auditor', keycloak.protect('realm:auditor'), (_request, response) => void response.json({}))
    const { get } = await serve(app)
    try {
      Keycloak.prototype.accessDenied = (request, response) => {
        response.end(`not you, ${String(grantOf(request)?.access_token.content['preferred_username'])}`)
      }
      const forbidden = await get('/auditor', bearer(token))
      expect([forbidden.status, await forbidden.text()]).toEqual([403, 'not you, alice'])
      keycloak.accessDenied = (_request, response) => void response.status(418).end('tea')
      const anonymous = await get('/me')
      expect([anonymous.status, await anonymous.text()]).toEqual([418, 'tea'])
      expect(anonymous.headers.get('www-authenticate')).toBe('Bearer realm="shop"')
      keycloak.accessDenied = () => Promise.reject(new Error('no template'))
      app.use(
        (error: Error, _: unknown, response: express.Response, _next: unknown) =>
          void response.status(500).end(error.message),
      )
      expect(await (await get('/me')).text()).toBe('no template')
    } finally {
      Keycloak.prototype.accessDenied = original
    }
  })

  test('a handler may call accessDenied() itself', async () => {
    const keycloak = new Keycloak({}, config())
    const app = express()
    app.get('/mine', keycloak.protect(), (request, response) => keycloak.accessDenied(request, response))
    const { get } = await serve(app)
    expect((await get('/mine', bearer(token))).status).toBe(403)
  })

  // A client of the Express adapter gets these too: a regression of one adapter alone (case compat-ignores-form-and-request-id).
  test('a second token in a form: 400, and the refusal has the id of the request', async () => {
    const ids: string[] = []
    const keycloak = new Keycloak({ onRefused: ({ requestId }) => ids.push(requestId) }, config())
    const app = express()
    app.use((request, _response, next) => {
      Object.assign(request, { id: 'request-7' })
      next()
    })
    app.use(express.urlencoded(), keycloak.middleware())
    app.post('/orders', keycloak.protect(), (_request, response) => void response.json({}))
    const { port } = await serve(app)
    const post = async (body: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/orders`, {
        method: 'POST',
        headers: { ...bearer(token), 'content-type': 'application/x-www-form-urlencoded' },
        body,
      })
    expect((await post('title=a')).status).toBe(200)
    const refused = await post(`title=a&access_token=${token}`)
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { code: 'CW_REQUEST_AMBIGUOUS', requestId: 'request-7' },
    ])
    expect(ids).toEqual(['request-7'])
  })

  test.each<[string, unknown, number]>([
    ['true', true, 200],
    ['a promise of true', Promise.resolve(true), 200],
    ['false', false, 403],
    ['a promise of false', Promise.resolve(false), 403],
    ['a string', 'no', 403],
    ['a promise of a string', Promise.resolve('yes'), 403],
    ['a number', 1, 403],
    ['an object', { allowed: true }, 403],
    ['nothing', undefined, 403],
  ])('protect() with a function that returns %s', async (_name, answer, status) => {
    const keycloak = new Keycloak({}, config())
    const app = express()
    const only = keycloak.protect(() => answer as boolean)
    app.get('/', only, (_request, response) => void response.json({}))
    const { get } = await serve(app)
    expect((await get('/', bearer(token))).status).toBe(status)
  })

  test('an error of the function is passed to the error handler, and a response that it sent is kept', async () => {
    const keycloak = new Keycloak({}, config())
    const app = express()
    const handler: express.RequestHandler = (_request, response) => void response.json({})
    app.get(
      '/throws',
      keycloak.protect(() => {
        throw new Error('thrown')
      }),
      handler,
    )
    app.get(
      '/rejects',
      keycloak.protect(() => Promise.reject(new Error('rejected'))),
      handler,
    )
    app.get(
      '/answers',
      keycloak.protect((_token, _request, response) => {
        response.status(402).end('pay')
        return false
      }),
      handler,
    )
    app.use(
      (error: Error, _: unknown, response: express.Response, _next: unknown) =>
        void response.status(500).end(error.message),
    )
    const { get } = await serve(app)
    expect(await (await get('/throws', bearer(token))).text()).toBe('thrown')
    expect(await (await get('/rejects', bearer(token))).text()).toBe('rejected')
    expect((await get('/answers', bearer(token))).status).toBe(402)
  })
})

test('protect() needs no middleware(), and ignores a grant that something else set', async () => {
  const keycloak = new Keycloak({}, config())
  const app = express()
  app.use((request, _response, next) => {
    Object.assign(request, { kauth: { grant: { access_token: { hasRole: () => true } } } })
    next()
  })
  app.get('/me', keycloak.protect('realm:admin'), (request, response) => {
    response.json({ own: grantOf(request)?.access_token.hasRole('realm:auditor') })
  })
  const { get } = await serve(app)
  expect((await get('/me')).status).toBe(401)
  expect(await (await get('/me', bearer(token))).json()).toEqual({ own: false })
})

test('a grant that is logged does not show its token', async () => {
  const keycloak = new Keycloak({}, config())
  const app = express()
  app.get('/me', keycloak.protect(), (request, response) => {
    const grant = grantOf(request)
    response.json({
      shown: inspect(grant, { depth: 9, showHidden: true }) + JSON.stringify(grant),
      expired: grant?.isExpired(),
      text: grant?.access_token.token,
    })
  })
  const { get } = await serve(app)
  const { shown, expired, text } = (await (await get('/me', bearer(token))).json()) as Record<string, string>
  expect(shown).not.toContain(token.split('.')[2])
  expect([expired, text]).toEqual([false, token])
})

test('options that keycloak.json does not have are passed to the verifier', async () => {
  const revocations = createRevocations()
  const keycloak = new Keycloak({ verifier: { audience: 'other-api', revocations } }, config())
  const app = express()
  app.get('/me', keycloak.protect(), (_request, response) => void response.json({}))
  const { get } = await serve(app)
  expect((await get('/me', bearer(token))).status).toBe(401)
  const other = await sign({ aud: 'other-api', sid: 'gone' })
  expect((await get('/me', bearer(other))).status).toBe(200)
  await revocations.revoke(issuer.issuer, { sid: 'gone' })
  expect((await get('/me', bearer(other))).status).toBe(401)
})

test('middleware(), two protect() and a guard of cloakwright/express use a DPoP proof once', async () => {
  const proofKey = await makeProofKey()
  const dpop = { publicUrl: 'https://api.example.com', replay: memoryReplayStore() }
  const keycloak = new Keycloak({ verifier: { dpop } }, config())
  const app = express()
  app.use(keycloak.middleware(), keycloak.protect())
  app.use(cloakwright({ verifier: createVerifier({ issuer: issuer.issuer, audience: 'shop-api', dpop }) }))
  app.get('/me', keycloak.protect('realm:admin'), requireUser(), (request, response) => {
    response.json({ text: grantOf(request)?.access_token.token })
  })
  const { get } = await serve(app)
  const bound = await sign({ typ: 'DPoP', cnf: { jkt: proofKey.jkt } })
  const target = { method: 'GET', uri: `${dpop.publicUrl}/me`, accessToken: bound }
  const headers = { authorization: `DPoP ${bound}`, dpop: await signProof(proofKey, target) }
  const response = await get('/me', headers)
  expect([response.status, await response.json()]).toEqual([200, { text: bound }])
  expect(await (await get('/me', headers)).json()).toMatchObject({ code: 'CW_PROOF_REPLAYED' })
})

test('the guards of cloakwright/express work next to it, route by route', async () => {
  const keycloak = new Keycloak({}, config())
  const app = express()
  app.use(keycloak.middleware())
  app.use(cloakwright({ verifier: createVerifier({ issuer: issuer.issuer, audience: 'shop-api' }) }))
  app.get('/old', keycloak.protect('realm:admin'), (_request, response) => void response.json({}))
  app.get('/new', requireUser(), (_request, response) => void response.json({}))
  const { get } = await serve(app)
  expect([(await get('/old', bearer(token))).status, (await get('/new', bearer(token))).status]).toEqual([
    200, 200,
  ])
})
