import { randomBytes } from 'node:crypto'
import {
  type AccessToken,
  createPermissions,
  createVerifier,
  group,
  not,
  organization,
  type Permission,
  type Policy,
} from 'cloakwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refusalOf } from '../support/refusal.ts'

// Keycloak's responses that the policies depend on, from a real Keycloak: its authorization services, its claims.

const server = (process.env['CONFORMANCE_SERVER'] ?? 'http://localhost:8080').replace(/\/+$/, '')
const realm = `policies-${randomBytes(5).toString('hex')}`
const issuer = `${server}/realms/${realm}`
let permission: Permission
let verify: (tokenText: string) => AccessToken | Promise<AccessToken>

beforeAll(async () => {
  await api('POST', '', definition)
  for (const [alias, members] of [
    ['acme', ['edith', 'victor']],
    ['globex', ['edith']],
  ] as const) {
    await api('POST', `/${realm}/organizations`, {
      name: alias,
      alias,
      domains: [{ name: `${alias}.example` }],
    })
    const [organization] = await api<{ id: string }[]>('GET', `/${realm}/organizations?search=${alias}`)
    for (const name of members) {
      const [user] = await api<{ id: string }[]>('GET', `/${realm}/users?username=${name}`)
      await api('POST', `/${realm}/organizations/${organization?.id}/members`, user?.id)
    }
  }
  permission = createPermissions({ issuer, audience: 'shop-api' })
  const verifier = createVerifier({ issuer, audience: 'shop-api' })
  verify = (tokenText) => verifier.verify(tokenText)
})
afterAll(() => api('DELETE', `/${realm}`))

describe('permissions', () => {
  const orders = (...scopes: string[]) => permission({ resource: 'orders', scopes })
  test.each<[string, string, () => Policy, string]>([
    ['one scope', 'victor', () => orders('read'), 'allowed'],
    ['two scopes, of two policies', 'edith', () => orders('read', 'write'), 'allowed'],
    [
      'two resources',
      'edith',
      () => permission({ resource: 'orders', scopes: ['read'] }, { resource: 'till' }),
      'allowed',
    ],
    [
      'a scope of a resource that is granted as a whole',
      'edith',
      () => permission({ resource: 'invoices', scopes: ['write'] }),
      'allowed',
    ],
    [
      'a name of odd letters',
      'edith',
      () => permission({ resource: 'Süd, "A"/1', scopes: ['read'] }),
      'allowed',
    ],
    ['a part of the scopes', 'victor', () => orders('read', 'write'), 'missing permission: orders#write'],
    [
      'a part of the resources',
      'victor',
      () => permission({ resource: 'orders', scopes: ['read'] }, { resource: 'invoices', scopes: ['read'] }),
      'missing permission: invoices#read',
    ],
    ['none of the scopes', 'victor', () => orders('write'), 'missing permission: orders#write'],
    ['a user without any role', 'nobody', () => orders('read'), 'missing permission: orders#read'],
    [
      'a scope that the resource lacks',
      'edith',
      () => orders('read', 'delete'),
      'missing permission: orders#delete',
    ],
    ['no such scope', 'edith', () => orders('fly'), 'the realm has no such scope: orders#fly'],
    [
      'no such resource',
      'edith',
      () => permission({ resource: 'gold' }),
      'the realm has no such resource: gold',
    ],
    [
      'a resource with scopes as a whole',
      'edith',
      () => permission({ resource: 'orders' }),
      'missing permission: orders (it has scopes: name those that are needed)',
    ],
  ])('%s', async (_name, username, policy, expected) => {
    const { token, tokenText } = await login(username)
    const decision = await policy().evaluate(token, { now: Date.now() / 1000, request: undefined, tokenText })
    expect(decision.allowed ? 'allowed' : decision.reason).toBe(expected)
  })

  test('Keycloak’s own decision allows the whole if a part is granted', async () => {
    const { tokenText } = await login('victor')
    const form = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:uma-ticket',
      audience: 'shop-api',
      permission: 'orders#read,write',
      response_mode: 'decision',
    })
    const headers = { authorization: `Bearer ${tokenText}` }
    const answer = await fetch(`${issuer}/protocol/openid-connect/token`, {
      method: 'POST',
      body: form,
      headers,
    })
    expect(await answer.json()).toEqual({ result: true })
  })

  test.each<[string, string, () => Policy]>([
    ['a token of a session that has ended', 'CW_TOKEN_INACTIVE', () => orders('read')],
    [
      'a client without authorization',
      'CW_PERMISSIONS_UNAVAILABLE',
      () => createPermissions({ issuer, audience: 'web' })({ resource: 'orders' }),
    ],
    [
      'an unknown client',
      'CW_PERMISSIONS_UNAVAILABLE',
      () => createPermissions({ issuer, audience: 'none' })({ resource: 'orders' }),
    ],
  ])('%s: not admitted', async (_name, code, policy) => {
    const { token, tokenText, refreshToken } = await login('edith')
    if (code === 'CW_TOKEN_INACTIVE') {
      const body = new URLSearchParams({ client_id: 'web', refresh_token: refreshToken })
      await fetch(`${issuer}/protocol/openid-connect/logout`, { method: 'POST', body })
    }
    const context = { now: Date.now() / 1000, request: undefined, tokenText }
    expect((await refusalOf(() => policy().evaluate(token, context)))?.code).toBe(code)
  })
})

test.each<[string, string, string, Policy, string]>([
  ['a member', 'victor', 'organization', organization('acme'), 'allowed'],
  ['no member', 'victor', 'organization', organization('globex'), 'CW_FORBIDDEN'],
  ['the scope was not asked for', 'victor', '', organization('acme'), 'CW_FORBIDDEN'],
  [
    'a member of several, of which none was chosen',
    'edith',
    'organization',
    organization('acme'),
    'CW_FORBIDDEN',
  ],
  [
    'a member of several, all asked for',
    'edith',
    'organization:*',
    organization('acme', 'globex'),
    'allowed',
  ],
  ['one of several', 'edith', 'organization:globex', organization('globex'), 'allowed'],
  ['another of several', 'edith', 'organization:globex', organization('acme'), 'CW_FORBIDDEN'],
  [
    'not in it, says the token of a member',
    'edith',
    'organization:globex',
    not(organization('acme')),
    'CW_FORBIDDEN',
  ],
  ['a group by its path', 'edith', '', group('/staff/editors'), 'allowed'],
  ['a group below which the user’s is', 'edith', '', group('/staff'), 'CW_FORBIDDEN'],
  ['in no group: no claim', 'victor', '', group('/staff'), 'CW_FORBIDDEN'],
])('claims: %s', async (_name, username, scope, policy, expected) => {
  const { token, tokenText } = await login(username, scope)
  const decision = await policy.evaluate(token, { now: Date.now() / 1000, request: undefined, tokenText })
  expect(decision.allowed ? 'allowed' : decision.code).toBe(expected)
})

async function login(username: string, scope = '') {
  const form = {
    grant_type: 'password',
    client_id: 'web',
    username,
    password: username,
    scope: `openid ${scope}`,
  }
  const answer = await post(`${issuer}/protocol/openid-connect/token`, form)
  return {
    tokenText: answer.access_token,
    refreshToken: answer.refresh_token,
    token: await verify(answer.access_token),
  }
}

async function post(url: string, form: Record<string, string>) {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form) })
  expect(response.status).toBe(200)
  return (await response.json()) as { access_token: string; refresh_token: string }
}

async function api<T>(method: string, path: string, body?: unknown): Promise<T> {
  const { access_token } = await post(`${server}/realms/master/protocol/openid-connect/token`, {
    grant_type: 'password',
    client_id: 'admin-cli',
    username: process.env['CONFORMANCE_ADMIN_USERNAME'] ?? 'admin',
    password: process.env['CONFORMANCE_ADMIN_PASSWORD'] ?? 'admin',
  })
  const response = await fetch(`${server}/admin/realms${path}`, {
    method,
    headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
    // The id of a new member is a bare JSON string.
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return (text === '' ? undefined : JSON.parse(text)) as T
}

function userNamed(username: string, realmRoles: string[], groups: string[] = []) {
  return {
    username,
    enabled: true,
    email: `${username}@example.org`,
    emailVerified: true,
    firstName: 'First',
    lastName: 'Last',
    credentials: [{ type: 'password', value: username, temporary: false }],
    realmRoles,
    groups,
  }
}

function rolePolicy(name: string, role: string) {
  return { name, type: 'role', config: { roles: JSON.stringify([{ id: role, required: true }]) } }
}

function rule(type: 'scope' | 'resource', resource: string, policy: string, scope?: string) {
  const scopes = scope === undefined ? {} : { scopes: JSON.stringify([scope]) }
  const config = { resources: JSON.stringify([resource]), applyPolicies: JSON.stringify([policy]), ...scopes }
  return { name: `${type} ${resource} ${scope}`, type, config }
}

const scopes = [{ name: 'read' }, { name: 'write' }]
const definition = {
  realm,
  enabled: true,
  organizationsEnabled: true,
  roles: { realm: [{ name: 'editor' }, { name: 'viewer' }] },
  groups: [{ name: 'staff', subGroups: [{ name: 'editors' }] }],
  users: [
    userNamed('edith', ['editor', 'viewer'], ['/staff/editors']),
    userNamed('victor', ['viewer']),
    userNamed('nobody', []),
  ],
  clients: [
    {
      clientId: 'web',
      publicClient: true,
      directAccessGrantsEnabled: true,
      protocolMappers: [
        {
          name: 'audience',
          protocol: 'openid-connect',
          protocolMapper: 'oidc-audience-mapper',
          config: { 'included.client.audience': 'shop-api', 'access.token.claim': 'true' },
        },
        {
          name: 'groups',
          protocol: 'openid-connect',
          protocolMapper: 'oidc-group-membership-mapper',
          config: { 'claim.name': 'groups', 'full.path': 'true', 'access.token.claim': 'true' },
        },
      ],
    },
    {
      clientId: 'shop-api',
      serviceAccountsEnabled: true,
      authorizationServicesEnabled: true,
      authorizationSettings: {
        policyEnforcementMode: 'ENFORCING',
        decisionStrategy: 'UNANIMOUS',
        scopes: [...scopes, { name: 'delete' }],
        resources: [
          { name: 'orders', scopes },
          { name: 'invoices', scopes },
          { name: 'Süd, "A"/1', scopes },
          { name: 'till' },
        ],
        policies: [
          rolePolicy('is editor', 'editor'),
          rolePolicy('is viewer', 'viewer'),
          rule('scope', 'orders', 'is viewer', 'read'),
          rule('scope', 'orders', 'is editor', 'write'),
          rule('resource', 'invoices', 'is editor'),
          rule('resource', 'Süd, "A"/1', 'is editor'),
          rule('resource', 'till', 'is viewer'),
        ],
      },
    },
  ],
}
