import { type IncomingMessage, type ServerResponse } from 'node:http'
import {
  type AccessToken,
  anyOf,
  createPermissions,
  not,
  type PermissionsOptions,
  type Policy,
  role,
} from 'cloakwright'
import { beforeEach, describe, expect, test } from 'vitest'
import { toAccessToken } from '../../src/token/access-token.ts'
import { json } from '../support/issuer.ts'
import { codeOf, refusalOf } from '../support/refusal.ts'
import { useTokens } from './support/tokens.ts'

const tokens = useTokens()
let now = 1_800_000_000
let token: AccessToken
/** The requests to the realm. */
let asked: URLSearchParams[]
let authorization: string | undefined
let respond: (response: ServerResponse) => void

beforeEach(async () => {
  const { issuer } = tokens
  issuer.answers = {}
  token = await tokens.make()
  asked = []
  issuer.answers.jwks = (request, response) => {
    if (request.method !== 'POST' || !request.url?.endsWith('/token'))
      return json(response, { keys: issuer.keys })
    authorization = request.headers.authorization
    void textOf(request).then((body) => {
      asked.push(new URLSearchParams(body))
      respond(response)
    })
  }
})

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

const permissionsOf = (options: Partial<PermissionsOptions> = {}) =>
  createPermissions({ issuer: tokens.issuer.issuer, audience: 'shop-api', ...options })
const decide = async (policy: Policy, tokenText = 'the.users.token') =>
  await policy.evaluate(token, { now, request: undefined, tokenText })
const outcome = async (policy: Policy, tokenText?: string) => {
  const decision = await decide(policy, tokenText)
  return decision.allowed ? 'allowed' : decision.reason
}
const grants =
  (...list: unknown[]) =>
  (response: ServerResponse) =>
    json(response, list)
const orders = (...scopes: string[]) => ({ rsid: 'a78d', rsname: 'orders', scopes })

test('asks the realm in the user’s name, for all permissions in one request', async () => {
  respond = grants(orders('read', 'write'), { rsid: '8abe', rsname: 'till' })
  const policy = permissionsOf()({ resource: 'orders', scopes: ['read', 'write'] }, { resource: 'till' })
  expect(await outcome(policy)).toBe('allowed')
  expect(authorization).toBe('Bearer the.users.token')
  expect([...(asked[0] ?? [])]).toEqual([
    ['grant_type', 'urn:ietf:params:oauth:grant-type:uma-ticket'],
    ['audience', 'shop-api'],
    ['response_mode', 'permissions'],
    ['permission', 'orders#read,write'],
    ['permission', 'till'],
  ])
})

// Responses of Keycloak 26.7.4.
describe('every permission must be granted', () => {
  const readAndWrite = { resource: 'orders', scopes: ['read', 'write'] }
  test.each<
    [
      string,
      unknown[],
      readonly [typeof readAndWrite | { resource: string }, ...{ resource: string }[]],
      string,
    ]
  >([
    ['all', [orders('read', 'write')], [readAndWrite], 'allowed'],
    ['more', [orders('read', 'write', 'delete')], [readAndWrite], 'allowed'],
    ['by its id', [orders('read', 'write')], [{ ...readAndWrite, resource: 'a78d' }], 'allowed'],
    ['one scope of two', [orders('read')], [readAndWrite], 'missing permission: orders#write'],
    ['another scope', [orders('readall', 'write')], [readAndWrite], 'missing permission: orders#read'],
    [
      'one resource of two',
      [{ rsid: '8abe', rsname: 'till' }],
      [{ resource: 'till' }, readAndWrite],
      'missing permission: orders#read,write',
    ],
    [
      'another resource',
      [{ ...orders('read', 'write'), rsname: 'invoices' }],
      [readAndWrite],
      'missing permission: orders#read,write',
    ],
    ['nothing', [], [readAndWrite], 'missing permission: orders#read,write'],
    [
      'no scopes',
      [{ rsid: 'a78d', rsname: 'orders' }],
      [readAndWrite],
      'missing permission: orders#read, orders#write',
    ],
    [
      'scopes that are no list',
      [{ ...orders(), scopes: 'read write' }],
      [readAndWrite],
      'missing permission: orders#read, orders#write',
    ],
    ['a resource without scopes', [{ rsid: '8abe', rsname: 'till' }], [{ resource: 'till' }], 'allowed'],
    [
      'some scope of a resource',
      [orders('read')],
      [{ resource: 'orders' }],
      'missing permission: orders (it has scopes: name those that are needed)',
    ],
    [
      'two resources of that name',
      [orders('read'), { ...orders('write'), rsid: 'b' }],
      [readAndWrite],
      'missing permission: orders (several resources have this name: use the id)',
    ],
  ])('%s', async (_name, list, needed, expected) => {
    respond = grants(...list)
    expect(await outcome(permissionsOf()(...needed))).toBe(expected)
  })
})

test.each<[string, number, unknown, string]>([
  [
    'nothing is granted',
    403,
    { error: 'access_denied', error_description: 'not_authorized' },
    'missing permission: orders#read',
  ],
  ['no such resource', 400, { error: 'invalid_resource' }, 'the realm has no such resource: orders#read'],
  ['no such scope', 400, { error: 'invalid_scope' }, 'the realm has no such scope: orders#read'],
])('%s: refused', async (_name, status, body, reason) => {
  respond = (response) => json(response, body, status)
  const policy = permissionsOf()({ resource: 'orders', scopes: ['read'] })
  expect(await decide(policy)).toMatchObject({ allowed: false, code: 'CW_FORBIDDEN', reason })
  expect((await decide(not(policy))).allowed).toBe(status === 403)
})

describe('a user who cannot be checked is not admitted', () => {
  test.each<[string, (response: ServerResponse) => void, string]>([
    [
      'the token was revoked',
      (response) => json(response, { error: 'invalid_grant' }, 400),
      'CW_TOKEN_INACTIVE',
    ],
    [
      'authorization is off',
      (response) => json(response, { error: 'invalid_request' }, 400),
      'CW_PERMISSIONS_UNAVAILABLE',
    ],
    ['the realm fails', (response) => json(response, {}, 500), 'CW_PERMISSIONS_UNAVAILABLE'],
    [
      'a proxy refuses',
      (response) => response.writeHead(403).end('<h1>Forbidden</h1>'),
      'CW_PERMISSIONS_UNAVAILABLE',
    ],
    [
      'a decision in place of a list',
      (response) => json(response, { result: true }),
      'CW_PERMISSIONS_UNAVAILABLE',
    ],
    ['a list of no grants', (response) => json(response, [null, 'orders']), 'CW_PERMISSIONS_UNAVAILABLE'],
    ['no JSON', (response) => response.end('[{"rsname":"orders"'), 'CW_PERMISSIONS_UNAVAILABLE'],
    [
      'a redirect',
      (response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
      'CW_PERMISSIONS_UNAVAILABLE',
    ],
    ['too much', (response) => response.end(`[${' '.repeat(300_000)}]`), 'CW_PERMISSIONS_UNAVAILABLE'],
    ['a torn connection', (response) => response.destroy(), 'CW_PERMISSIONS_UNAVAILABLE'],
    ['never', () => {}, 'CW_PERMISSIONS_UNAVAILABLE'],
  ])('%s', async (_name, answer, code) => {
    respond = answer
    const policy = permissionsOf({ timeout: 200 })({ resource: 'orders', scopes: ['read'] })
    for (const each of [policy, not(policy), anyOf(policy, role('admin'))]) {
      const error = await refusalOf(() => decide(each, 'canary'))
      expect(error?.code).toBe(code)
      expect(`${error?.message} ${error?.hint}`).not.toContain('canary')
    }
    // Not cached: once the realm responds, the next request is admitted.
    respond = grants(orders('read'))
    expect(await outcome(policy, 'canary')).toBe('allowed')
  })

  test('the realm has no discovery document', async () => {
    tokens.issuer.answers.discovery = (_request, response) => json(response, {}, 500)
    const policy = permissionsOf()({ resource: 'orders' })
    const error = await refusalOf(() => decide(policy))
    expect(error).toMatchObject({
      code: 'CW_PERMISSIONS_UNAVAILABLE',
      status: 503,
      retryAfter: 5,
      cause: { code: 'CW_DISCOVERY_FAILED' },
    })
  })

  test('a token that is bound by DPoP, which Keycloak does not accept', async () => {
    const { claims, issuer, subject, issuedAt, expiresAt } = token
    const binding = { jkt: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' }
    token = toAccessToken(claims, { issuer, subject, binding, issuedAt, expiresAt, notBefore: issuedAt })
    const policy = permissionsOf()({ resource: 'orders' })
    expect(await outcome(policy)).toMatch(/DPoP-bound/)
    expect((await decide(not(policy))).allowed).toBe(false)
    expect(asked).toHaveLength(0)
  })

  test('a token of another realm is not sent to this one', async () => {
    const policy = permissionsOf({ issuer: `${tokens.issuer.issuer}2` })({ resource: 'orders' })
    expect(await outcome(policy)).toBe('the token is from another realm than the permissions')
    expect((await decide(not(policy))).allowed).toBe(false)
    expect(asked).toHaveLength(0)
  })
})

describe('a result is cached for a few seconds', () => {
  const read = { resource: 'orders', scopes: ['read'] } as const

  test('for the same token and permissions, then the realm is asked again', async () => {
    const permission = permissionsOf()
    const policy = permission(read)
    respond = grants(orders('read'))
    await decide(policy)
    now += 2.9
    expect(policy.evaluate(token, { now, request: undefined, tokenText: 'the.users.token' })).toEqual({
      allowed: true,
    })
    expect(asked).toHaveLength(1)
    respond = (response) => json(response, { error: 'access_denied' }, 403)
    expect(await outcome(permission({ resource: 'orders', scopes: ['write'] }))).toBe(
      'missing permission: orders#write',
    )
    expect(await outcome(policy, 'another.users.token')).toBe('missing permission: orders#read')
    expect(asked).toHaveLength(3)
    now += 0.2
    expect(await outcome(policy)).toBe('missing permission: orders#read')
    now -= 60
    respond = grants(orders('read'))
    expect(await outcome(policy)).toBe('allowed')
    expect(asked).toHaveLength(5)
  })

  test('never, if configured so', async () => {
    const policy = permissionsOf({ answerMaxAge: 0 })(read)
    respond = grants(orders('read'))
    await decide(policy)
    await decide(policy)
    expect(asked).toHaveLength(2)
  })

  test('up to the limit: the oldest is replaced by the ten thousandth after it', async () => {
    const policy = permissionsOf({
      fetch: (url, init) => {
        if (init.method !== 'POST') return fetch(url, init)
        asked.push(init.body as URLSearchParams)
        return Promise.resolve(Response.json([orders('read')]))
      },
    })(read)
    for (let at = 0; at <= 10_000; at++) await decide(policy, `token ${at}`)
    expect(asked).toHaveLength(10_001)
    await decide(policy, 'token 1')
    expect(asked).toHaveLength(10_001)
    await decide(policy, 'token 0')
    expect(asked).toHaveLength(10_002)
  })

  test('for all concurrent requests, for each user', async () => {
    const policy = permissionsOf()(read)
    respond = grants(orders('read'))
    const decisions = Array.from({ length: 40 }, (_, at) => outcome(policy, at % 2 === 0 ? 'even' : 'odd'))
    expect(new Set(await Promise.all(decisions))).toEqual(new Set(['allowed']))
    expect(asked).toHaveLength(2)
  })
})

test.each<[string, () => unknown, string]>([
  ['no audience', () => permissionsOf({ audience: '' }), 'CW_CONFIG_MISSING'],
  ['plain http', () => permissionsOf({ issuer: 'http://sso.example.com/realms/shop' }), 'CW_CONFIG_INSECURE'],
  ['a cache time of minutes', () => permissionsOf({ answerMaxAge: 300 }), 'CW_CONFIG_INVALID'],
  ['no resource', () => (permissionsOf() as () => Policy)(), 'CW_CONFIG_INVALID'],
  ['an empty resource', () => permissionsOf()({ resource: '' }), 'CW_CONFIG_INVALID'],
  ['a resource with a scope in it', () => permissionsOf()({ resource: 'orders#read' }), 'CW_CONFIG_INVALID'],
  [
    'two scopes in one',
    () => permissionsOf()({ resource: 'orders', scopes: ['read,write'] }),
    'CW_CONFIG_INVALID',
  ],
  [
    'an undefined scope',
    () => permissionsOf()({ resource: 'orders', scopes: [undefined as unknown as string] }),
    'CW_CONFIG_INVALID',
  ],
])('%s is refused when it is created', async (_name, make, code) => {
  expect(await codeOf(make)).toBe(code)
})
