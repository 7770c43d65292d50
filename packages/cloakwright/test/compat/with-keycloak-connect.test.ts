import { request as httpRequest } from 'node:http'
import { createRequire } from 'node:module'
import Keycloak from 'cloakwright/keycloak-connect'
import express, { type Express, type Request } from 'express'
import OldKeycloak from 'keycloak-connect'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import {
  claimsOf,
  json,
  makeKey,
  signClaims,
  signRaw,
  startIssuer,
  type TestIssuer,
} from '../support/issuer.ts'
import { refusalOf } from '../support/refusal.ts'
import { bearer, closeAll, configOf, grantOf, serve } from './support/application.ts'

// The same routes and tokens for the old adapter (its own code) and ours: where they agree, and where not.

const key = makeKey('one')
let issuer: TestIssuer
let token: string

beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
  token = await sign()
})
afterAll(() => issuer.close())
afterEach(closeAll)

const sign = (change: Record<string, unknown> = {}): Promise<string> =>
  signClaims(key, claimsOf(issuer.issuer, change))
const config = (change?: Record<string, unknown>): Record<string, unknown> => configOf(issuer.issuer, change)

const Old = OldKeycloak as unknown as typeof Keycloak

function application(Adapter: typeof Keycloak, change: Record<string, unknown> = {}): Express {
  const keycloak = new Adapter({}, config(change))
  const app = express()
  app.use(keycloak.middleware())
  const handler: express.RequestHandler = (request, response) => {
    const grant = grantOf(request)
    const access = grant?.access_token
    response.json(
      access && {
        user: access.content['preferred_username'],
        token: access.token,
        clientId: access.clientId,
        expired: [grant?.isExpired(), access.isExpired()],
        roles: [
          'stock-keeper',
          'admin',
          'realm:admin',
          'realm:auditor',
          'shop-api:stock-keeper',
          'other:stock-keeper',
        ].map((name) => access.hasRole(name)),
        named: [
          access.hasApplicationRole('shop-api', 'stock-keeper'),
          access.hasRealmRole('admin'),
          access.hasRealmRole('stock-keeper'),
        ],
      },
    )
  }
  app.get('/public', handler)
  app.get('/me', keycloak.protect(), handler)
  for (const spec of [
    'realm:admin',
    'realm:auditor',
    'shop-api:stock-keeper',
    'other:stock-keeper',
    'stock-keeper',
    'admin',
    'constructor:x',
    'realm:admin:read',
  ])
    app.get(`/roles/${spec.replaceAll(':', '/')}`, keycloak.protect(spec), handler)
  app.get(
    '/function',
    keycloak.protect((access, request) => access.hasRole(request.query['role'] as string)),
    handler,
  )
  app.get(
    '/promise',
    keycloak.protect((access) => Promise.resolve(access.hasRole('realm:auditor'))),
    handler,
  )
  app.use(
    (_error: Error, _request: Request, response: express.Response, _next: unknown) =>
      void response.status(500).end(),
  )
  return app
}

async function both(
  path: string,
  headers: Record<string, string>,
  change?: Record<string, unknown>,
): Promise<[Response, Response]> {
  const [old, ours] = [await serve(application(Old, change)), await serve(application(Keycloak, change))]
  return [await old.get(path, headers), await ours.get(path, headers)]
}

test.each([
  ['/public', 200],
  ['/me', 200],
  ['/roles/realm/admin', 200],
  ['/roles/realm/auditor', 403],
  ['/roles/shop-api/stock-keeper', 200],
  ['/roles/other/stock-keeper', 403],
  ['/roles/stock-keeper', 200],
  ['/roles/admin', 403],
  ['/function?role=realm:admin', 200],
  ['/function?role=realm:auditor', 403],
])('a valid token, %s: %i with both', async (path, status) => {
  const [old, ours] = await both(path, bearer(token))
  expect([old.status, ours.status]).toEqual([status, status])
  if (status === 200) expect(await ours.json()).toEqual(await old.json())
})

test('no token where none is needed: admitted by both', async () => {
  const [old, ours] = await both('/public', {})
  expect([old.status, ours.status]).toEqual([200, 200])
})

const past = Math.floor(Date.now() / 1000) - 60
const other = makeKey('one')
const text = (change: Record<string, unknown>) => async () => bearer(await sign(change))
test.each<
  [
    name: string,
    path: string,
    old: number,
    ours: number,
    headers: () => unknown,
    change?: Record<string, unknown>,
  ]
>([
  // The response is more precise.
  ['no token', '/me', 403, 401, () => ({})],
  ['no token, where a browser was sent to login', '/me', 302, 401, () => ({}), { 'bearer-only': false }],
  ['an expired token', '/me', 403, 401, text({ exp: past })],
  ['an ID token', '/me', 403, 401, text({ typ: 'ID' })],
  ['another realm’s token', '/me', 403, 401, text({ iss: 'https://sso.example.com/realms/shop' })],
  ['a forged token', '/me', 403, 401, async () => bearer(await signClaims(other, claimsOf(issuer.issuer)))],
  ['BEARER in capitals', '/me', 403, 200, () => ({ authorization: `BEARER ${token}` })],
  // Admitted by the old adapter.
  ['a token for another service', '/me', 200, 401, text({ aud: 'account' })],
  ['a token without exp', '/me', 200, 401, text({ exp: undefined })],
  ['a token that is not valid yet', '/me', 200, 401, text({ nbf: past + 3600 })],
  [
    'a token that is bound to a client certificate',
    '/me',
    200,
    401,
    text({ cnf: { 'x5t#S256': 'x'.repeat(43) } }),
  ],
  [
    'a token that says two things',
    '/me',
    200,
    401,
    () => {
      const claims = JSON.stringify(claimsOf(issuer.issuer)).replace('{', '{"sub":"someone-else",')
      return bearer(signRaw(key, '{"alg":"RS256","kid":"one"}', claims))
    },
  ],
  ['a bad token on a public route', '/public', 200, 401, text({ exp: past })],
  ['a promise of `false`', '/promise', 200, 403, () => bearer(token)],
  ['a role cut at its second colon', '/roles/realm/admin/read', 200, 403, () => bearer(token)],
  ['a role in a longer text', '/roles/realm/admin', 200, 403, text({ realm_access: { roles: 'sysadmin' } })],
  ['a second token in the URL', '/me?access_token=x', 200, 400, () => bearer(token)],
  // Refused by the old adapter, or failing in it.
  [
    'a role with a colon',
    '/roles/realm/admin/read',
    403,
    200,
    text({ realm_access: { roles: ['admin:read'] } }),
  ],
  ['a client named like a member of Object', '/roles/constructor/x', 500, 403, () => bearer(token)],
  ['auth_callback in the URL of a service without login', '/public?auth_callback=1', 500, 200, () => ({})],
])('%s, %s: %i before, %i now', async (_name, path, before, now, headers, change) => {
  const [old, ours] = await both(path, (await headers()) as Record<string, string>, change)
  expect([old.status, ours.status]).toEqual([before, now])
})

test.each(['PS256', 'ES256', 'EdDSA'])('%s: 403 before, 200 now', async (alg) => {
  const own = makeKey('own', alg)
  issuer.keys = [key.jwk, own.jwk]
  try {
    const [old, ours] = await both('/me', bearer(await signClaims(own, claimsOf(issuer.issuer))))
    expect([old.status, ours.status]).toEqual([403, 200])
  } finally {
    issuer.keys = [key.jwk]
  }
})

test('two Authorization headers: the first was used before, 400 now', async () => {
  const statuses: (number | undefined)[] = []
  for (const Adapter of [Old, Keycloak]) {
    const { port } = await serve(application(Adapter))
    const fields = ['authorization', `Bearer ${token}`, 'authorization', 'Bearer other']
    statuses.push(
      await new Promise((resolve, reject) => {
        const request = httpRequest({
          port,
          host: '127.0.0.1',
          path: '/me',
          headers: ['host', 'x', ...fields],
        })
        request.once('response', (response) => {
          response.resume()
          resolve(response.statusCode)
        })
        request.once('error', reject).end()
      }),
    )
  }
  expect(statuses).toEqual([200, 400])
})

test('keys that rotate within ten seconds of a fetch: 403 before, 200 now', async () => {
  const silent = vi.spyOn(console, 'error').mockImplementation(() => {})
  const fresh = makeKey('fresh')
  const freshToken = await signClaims(fresh, claimsOf(issuer.issuer))
  const statuses: number[] = []
  try {
    for (const Adapter of [Old, Keycloak]) {
      issuer.keys = [key.jwk]
      const { get } = await serve(application(Adapter))
      await get('/me', bearer(token))
      issuer.keys = [fresh.jwk]
      statuses.push((await get('/me', bearer(freshToken))).status)
    }
  } finally {
    silent.mockRestore()
    issuer.keys = [key.jwk]
  }
  expect(statuses).toEqual([403, 200])
})

test('no keys available: 403 before, 503 with Retry-After now', async () => {
  issuer.answers.jwks = (_request, response) => response.writeHead(500).end()
  try {
    const [old, ours] = await both('/me', bearer(token))
    expect([old.status, ours.status]).toEqual([403, 503])
    expect(ours.headers.get('retry-after')).toMatch(/^[1-5]$/)
  } finally {
    delete issuer.answers.jwks
  }
})

test('a list of roles: any user before, refused at start now', async () => {
  const app = express()
  const old = new Old({}, config())
  app.use(old.middleware())
  app.get(
    '/list',
    old.protect(['realm:auditor'] as unknown as string),
    (_request, response) => void response.json({}),
  )
  const { get } = await serve(app)
  expect((await get('/list', bearer(token))).status).toBe(200)
  const ours = new Keycloak({}, config())
  const refusal = await refusalOf(() => ours.protect(['realm:auditor'] as unknown as string))
  expect(refusal?.code).toBe('CW_CONFIG_INVALID')
})

/** The permissions that the realm grants to every user: two of the resource's three scopes. */
function grantOrders(): void {
  const ofUser = ['read', 'list']
  issuer.answers.jwks = (request, response) => {
    if (request.url?.endsWith('/token') !== true) return json(response, { keys: issuer.keys })
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const asked = new URLSearchParams(body)
      if (asked.get('audience') !== 'shop-api') return json(response, { error: 'access_denied' }, 403)
      // Without a scope, Keycloak returns everything that the user has of the resource.
      const scopes = asked.getAll('permission').flatMap((one) => one.split('#')[1]?.split(',') ?? ofUser)
      const granted = ofUser.filter((scope) => scopes.includes(scope))
      if (granted.length === 0) return json(response, { error: 'access_denied' }, 403)
      json(response, [{ rsid: 'a1', rsname: 'orders', scopes: granted }])
    })
  }
}

test.each<[permissions: string | string[], options: Keycloak.EnforcerOptions, old: number, ours: number]>([
  ['orders:read', {}, 200, 200],
  [['orders:read', 'orders:list'], {}, 200, 200],
  ['orders:refund', {}, 403, 403],
  ['orders:read', { resource_server_id: 'other-api' }, 403, 403],
  [['orders:read', 'orders:refund'], {}, 403, 403],
  // A resource with scopes, of which some were granted.
  ['orders', {}, 200, 403],
  // A resource without granted scopes is skipped.
  [['orders:read', 'bills:read'], {}, 200, 403],
])('enforcer(%j, %j): %i before, %i now', async (permissions, options, before, now) => {
  grantOrders()
  try {
    const statuses: number[] = []
    for (const Adapter of [Old, Keycloak]) {
      const keycloak = new Adapter({}, config())
      const app = express()
      app.use(keycloak.middleware())
      app.get('/orders', keycloak.enforcer(permissions, { ...options }), (_request, response) => {
        response.json({})
      })
      const { get } = await serve(app)
      statuses.push((await get('/orders', bearer(token))).status)
    }
    expect(statuses).toEqual([before, now])
  } finally {
    delete issuer.answers.jwks
  }
})

test('enforcer([]): everyone before, even without a token; refused at start now', async () => {
  const app = express()
  const old = new Old({}, config())
  app.use(old.middleware())
  app.get('/orders', old.enforcer([]), (_request, response) => void response.json({}))
  const { get } = await serve(app)
  expect((await get('/orders')).status).toBe(200)
  const refusal = await refusalOf(() => new Keycloak({}, config()).enforcer([]))
  expect(refusal?.code).toBe('CW_CONFIG_INVALID')
})

const require = createRequire(import.meta.url)
const part = (name: string): unknown => require(`keycloak-connect/${name}`)
type Part = new (...values: unknown[]) => Record<string, unknown>

/** Its own members and those of its class. */
function membersOf(instance: object): string[] {
  const names = [instance, Object.getPrototypeOf(instance) as object].flatMap(Object.getOwnPropertyNames)
  return names.filter((name) => name !== 'constructor')
}

test('no member of the old adapter, its configuration, grants and tokens is undefined in silence', async () => {
  const ours = new Keycloak({}, config())
  const app = express().use(ours.middleware())
  let grant: Keycloak.Grant | undefined
  app.get('/', (request, response) => {
    grant = grantOf(request)
    response.end()
  })
  await (await serve(app)).get('/', bearer(token))

  const old = new Old({}, config({ credentials: { secret: 'x' }, 'realm-public-key': 'MIIB' }))
  const OldToken = part('middleware/auth-utils/token') as Part
  const oldToken = new OldToken(token, 'shop-api')
  const OldGrant = part('middleware/auth-utils/grant') as Part
  const oldGrant = new OldGrant({ access_token: oldToken, refresh_token: oldToken, id_token: oldToken })
  const OldStore = part('stores/session-store') as new () => { wrap(grant: object): void }
  new OldStore().wrap(oldGrant)

  const silent: string[] = []
  for (const [what, before, after] of [
    ['keycloak', old, ours],
    ['getConfig()', old.getConfig(), ours.getConfig()],
    ['grant', oldGrant, grant],
    ['access_token', oldToken, grant?.access_token],
  ] as unknown as [string, object, Record<string, unknown>][])
    for (const name of membersOf(before)) {
      let value: unknown
      const refusal = await refusalOf(() => (value = after[name]))
      if (refusal === undefined && value !== undefined) continue
      if (refusal?.hint?.includes('migrate-from-keycloak-connect.md') !== true) silent.push(`${what}.${name}`)
    }
  expect(silent).toEqual([])
})
