import { inspect } from 'node:util'
import {
  applyPlan,
  ensureRealm,
  planRealm,
  type RealmChangeDetail,
  type RealmDefinition,
} from '@cloakwright/admin/realm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTarget, type Target } from '../support/target.ts'

let target: Target

beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const canary = 's3cr3t-canary'
const mask = '**********'
const mail = ['host', 'from', 'auth', 'user', 'password']

const before = (realm: string): RealmDefinition => ({
  realm,
  displayName: 'One',
  roles: { realm: [{ name: 'reader' }, { name: 'editor' }] },
  clients: [
    {
      clientId: 'app',
      publicClient: false,
      secret: `${canary}-1`,
      redirectUris: ['https://one.example/cb'],
      attributes: { 'pkce.code.challenge.method': 'S256' },
    },
  ],
  groups: [{ name: 'staff', attributes: { floor: ['1'] } }],
  users: [{ username: 'alice', email: 'a@example.com', firstName: 'Alice', lastName: 'A' }],
})

const after = (realm: string): RealmDefinition => ({
  realm,
  displayName: 'Two',
  smtpServer: {
    host: 'mail.example.com',
    from: 'shop@example.com',
    auth: 'true',
    user: 'shop',
    password: `${canary}-mail`,
  },
  roles: {
    realm: [
      { name: 'editor', composites: { realm: ['reader'] } },
      { name: 'new', description: 'New' },
    ],
  },
  clients: [
    {
      clientId: 'app',
      secret: `${canary}-2`,
      redirectUris: ['https://two.example/cb'],
      attributes: { 'pkce.code.challenge.method': '' },
      protocolMappers: [
        { name: 'aud', protocolMapper: 'oidc-audience-mapper', config: { 'access.token.claim': 'true' } },
      ],
      optionalClientScopes: ['service_account'],
    },
  ],
  groups: [{ name: 'staff', attributes: { floor: ['2'] }, roles: { realm: ['reader'] } }],
  users: [
    {
      username: 'alice',
      email: 'a@example.com',
      firstName: 'Alice',
      lastName: 'A',
      password: canary,
      groups: ['/staff'],
    },
  ],
})

test('a plan has the values of its changes before and after, secrets as masks; apply tells them as they are made', async () => {
  const realm = target.realmName()
  const admin = target.admin({ realm })
  await ensureRealm(admin, before(realm))

  const plan = await planRealm(admin, after(realm))

  expect(plan.details).toEqual([
    {
      action: 'update',
      kind: 'realm',
      name: realm,
      fields: ['displayName', ...mail.map((field) => `smtpServer.${field}`)],
      before: {
        displayName: 'One',
        ...Object.fromEntries(mail.map((field) => [`smtpServer.${field}`, null])),
      },
      after: {
        displayName: 'Two',
        'smtpServer.host': 'mail.example.com',
        'smtpServer.from': 'shop@example.com',
        'smtpServer.auth': 'true',
        'smtpServer.user': 'shop',
        'smtpServer.password': mask,
      },
    },
    {
      action: 'create',
      kind: 'realm role',
      name: 'new',
      fields: [],
      before: {},
      after: { name: 'new', description: 'New' },
    },
    {
      action: 'update',
      kind: 'client',
      name: 'app',
      fields: [
        'redirectUris',
        'attributes.pkce.code.challenge.method',
        'secret',
        'protocolMappers.aud',
        'optionalClientScopes.service_account',
      ],
      before: {
        redirectUris: ['https://one.example/cb'],
        'attributes.pkce.code.challenge.method': 'S256',
        secret: mask,
        'protocolMappers.aud': null,
        'optionalClientScopes.service_account': false,
      },
      after: {
        redirectUris: ['https://two.example/cb'],
        'attributes.pkce.code.challenge.method': '',
        secret: mask,
        'protocolMappers.aud': {
          name: 'aud',
          protocol: 'openid-connect',
          protocolMapper: 'oidc-audience-mapper',
          config: { 'access.token.claim': 'true' },
        },
        'optionalClientScopes.service_account': true,
      },
    },
    {
      action: 'update',
      kind: 'realm role',
      name: 'editor',
      fields: ['composites.reader'],
      before: { 'composites.reader': false },
      after: { 'composites.reader': true },
    },
    {
      action: 'update',
      kind: 'group',
      name: '/staff',
      fields: ['attributes.floor', 'roles.reader'],
      before: { 'attributes.floor': ['1'], 'roles.reader': false },
      after: { 'attributes.floor': ['2'], 'roles.reader': true },
    },
    {
      action: 'update',
      kind: 'user',
      name: 'alice',
      fields: ['password', 'groups/staff'],
      before: { password: null, 'groups/staff': false },
      after: { password: mask, 'groups/staff': true },
    },
  ])
  expect(inspect(plan, { depth: null, showHidden: true }) + JSON.stringify(plan)).not.toContain(canary)

  const told: RealmChangeDetail[] = []
  await applyPlan(admin, plan, { onChange: (change) => told.push(change) })
  expect(told).toEqual(plan.details)
  // The mail server's password is shown as a mask only, and is no change for ever.
  expect((await planRealm(admin, after(realm))).details).toEqual([])
})
