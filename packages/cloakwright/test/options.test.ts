import { createAdmin } from '@cloakwright/admin'
import { createAuditTrail } from '@cloakwright/admin/audit'
import { createDevRealm } from '@cloakwright/devrealm'
import { openHome } from '@cloakwright/devrealm/home'
import { CloakwrightError, createPermissions, createRevocations, createVerifier } from 'cloakwright'
import { cloakwright as express } from 'cloakwright/express'
import { cloakwright as fastify } from 'cloakwright/fastify'
import { cloakwright as hono } from 'cloakwright/hono'
import Keycloak from 'cloakwright/keycloak-connect'
import { CloakwrightModule } from 'cloakwright/nest'
import { createSessions } from 'cloakwright/session'
import {
  fromPglite,
  fromPool,
  memorySessionStore,
  migrate,
  postgresReplayStore,
  postgresRevocationStore,
  postgresSessionStore,
} from 'cloakwright/state'
import { cloakwright as web } from 'cloakwright/web'
import { createUpgradeGuard } from 'cloakwright/websocket'
import Fastify from 'fastify'
import { describe, expect, test } from 'vitest'

// Programs in JavaScript have no types: a missing or wrong option must be reported by name, at the start.

type Make = (options: never) => unknown

/** What an application creates or registers, with the message for a missing part. */
const creators: readonly (readonly [name: string, make: Make, named: string])[] = [
  ['createVerifier', createVerifier, 'createVerifier'],
  ['createRevocations', (options) => createRevocations(options ?? (null as never)), 'createRevocations'],
  ['createPermissions', createPermissions, 'createPermissions'],
  ['createSessions', createSessions, 'createSessions'],
  ['createUpgradeGuard', createUpgradeGuard, 'createUpgradeGuard'],
  ['the Express adapter', express, 'cloakwright'],
  ['the Hono adapter', hono, 'cloakwright'],
  ['the web adapter', web, 'cloakwright'],
  ['the NestJS adapter', (options) => CloakwrightModule.forRoot(options), 'cloakwright'],
  ['new Keycloak()', (options) => new Keycloak(options ?? (null as never)), 'new Keycloak'],
  ['fromPool', fromPool, 'pool'],
  ['fromPglite', fromPglite, 'pglite'],
  ['migrate', async (sql) => migrate(sql, 'cloakwright', []), 'sql'],
  ['postgresSessionStore', postgresSessionStore, 'sql'],
  ['postgresReplayStore', postgresReplayStore, 'sql'],
  ['postgresRevocationStore', postgresRevocationStore, 'sql'],
  ['createAdmin', createAdmin, 'createAdmin'],
  ['createAuditTrail', createAuditTrail, 'createAuditTrail'],
  ['createDevRealm', async (options) => createDevRealm(options ?? (null as never)), 'createDevRealm'],
  ['openHome', async (folder) => openHome(folder), 'folder'],
]

const errorOf = async (make: () => unknown): Promise<unknown> => {
  try {
    await make()
    return undefined
  } catch (error) {
    return error
  }
}

test.each(creators)(
  '%s without options, or with something else, is refused with the missing part',
  async (_name, make, named) => {
    for (const given of [undefined, null]) {
      const error = await errorOf(() => make(given as never))
      expect(error).toBeInstanceOf(CloakwrightError)
      expect(error).toMatchObject({ code: 'CW_CONFIG_MISSING', hint: expect.stringMatching(/./) as string })
      expect((error as Error).message).toMatch(new RegExp(`^${named.replace(/\W/g, '\\$&')}`))
    }
    for (const given of [1, true, []])
      expect(await errorOf(() => make(given as never))).toMatchObject({
        code: expect.stringMatching(/^CW_CONFIG_/) as string,
      })
  },
)

test('the Fastify adapter without options names the verifier', async () => {
  const app = Fastify()
  expect(await errorOf(async () => app.register(fastify, {} as never))).toMatchObject({
    code: 'CW_CONFIG_MISSING',
    message: 'cloakwright: verifier is missing',
  })
})

test('an invalid verifier is refused with its name', async () => {
  for (const verifier of [{}, 'x', createVerifier])
    expect(await errorOf(() => express({ verifier } as never))).toMatchObject({
      code: 'CW_CONFIG_INVALID',
      message: expect.stringContaining('cloakwright: verifier is') as string,
    })
})

const publicUrl = 'https://api.example.com'
const issuer = 'https://sso.example.com/realms/shop'
const introspection = { clientId: 'shop-api', clientSecret: 'secret' }
const dpop = {
  publicUrl,
  nonceKeys: [Buffer.alloc(32)],
  maxAge: 60,
  algorithms: ['ES256'],
  replay: undefined,
}
const mtls = { header: 'client-cert', trustedProxies: ['10.0.0.1'] }
const key = { id: 'k', key: Buffer.alloc(32) }
const verifier = createVerifier({ issuer, audience: 'shop-api' })

/** Valid options; each is then set to every kind of value. */
const options: readonly (readonly [name: string, make: Make, good: Record<string, unknown>])[] = [
  [
    'createVerifier',
    createVerifier,
    {
      issuer,
      audience: 'shop-api',
      internalUrl: undefined,
      authorizedParties: ['web'],
      introspection,
      dpop,
      mtls,
      algorithms: ['RS256'],
      clockTolerance: 5,
      cache: {},
      maxTokenLength: 4096,
      keysCoolDown: 5,
      keysMaxAge: 300,
      timeout: 5000,
      onKeysError: () => {},
      telemetry: undefined,
      fetch,
      now: () => 0,
    },
  ],
  [
    'createVerifier of several realms',
    createVerifier,
    { issuers: [{ issuer, audience: 'a' }], maxIssuers: 5 },
  ],
  [
    'introspection of createVerifier',
    (one) => createVerifier({ issuer, audience: 'a', introspection: one }),
    introspection,
  ],
  ['dpop of createVerifier', (one) => createVerifier({ issuer, audience: 'a', dpop: one }), dpop],
  ['mtls of createVerifier', (one) => createVerifier({ issuer, audience: 'a', mtls: one }), mtls],
  ['createRevocations', createRevocations, { store: undefined, keepFor: 60, now: () => 0 }],
  [
    'createPermissions',
    createPermissions,
    { issuer, audience: 'a', answerMaxAge: 3, fetch, now: () => 0, timeout: 5 },
  ],
  [
    'createSessions',
    createSessions,
    {
      issuer,
      clientId: 'shop',
      clientSecret: 'secret',
      publicUrl,
      keys: [key],
      store: memorySessionStore(),
      basePath: '/auth',
      scope: 'openid',
      idleTimeout: 60,
      absoluteTimeout: 60,
      refreshMargin: 1,
      timeout: 5,
      clientAuthentication: 'client_secret_post',
      clockTolerance: 5,
      onError: () => {},
      fetch,
      now: () => 0,
    },
  ],
  ['a guard', express, { verifier, realm: 'shop', resource: { resource: publicUrl } }],
  [
    'resource of a guard',
    (one) => express({ verifier, resource: one }),
    { resource: publicUrl, scopes: ['a'] },
  ],
]

const values = [null, 7, Number.NaN, '', 'x', true, [], [null], [7], {}, Symbol('s'), () => undefined]

describe.each(options)('%s', (_name, make, good) => {
  test('works', async () => {
    expect(await errorOf(() => make(good as never))).toBeUndefined()
  })

  test.each(Object.keys(good))('%s of a wrong type is accepted or refused with its name', async (option) => {
    for (const value of values) {
      const error = await errorOf(() => make({ ...good, [option]: value } as never))
      if (error === undefined) continue
      expect(error).toBeInstanceOf(CloakwrightError)
      expect((error as CloakwrightError).code).toMatch(/^CW_CONFIG_/)
      expect((error as CloakwrightError).hint).toBeTruthy()
    }
  })
})

describe.each([
  ['issuer', (url: unknown) => createVerifier({ issuer: url as string, audience: 'shop-api' })],
  [
    'internalUrl',
    (url: unknown) => createVerifier({ issuer, audience: 'shop-api', internalUrl: url as string }),
  ],
  ['issuer', (url: unknown) => createSessions({ ...options[7]?.[2], issuer: url } as never)],
  ['issuer', (url: unknown) => createPermissions({ issuer: url as string, audience: 'shop-api' })],
])('another URL in place of the realm’s as %s', (name, make) => {
  const realm = 'https://sso.example.com/auth/realms/shop'
  const server = 'https://sso.example.com'
  test.each([
    ['the base URL of an older Keycloak', `${server}/auth`, `${server}/auth/realms/REALM`],
    ['the list of realms', `${server}/realms/`, `${server}/realms/REALM`],
    ['a slash at the end', `${realm}/`, realm],
    ['two slashes at the end', `${realm}//`, realm],
    ['the discovery document', `${realm}/.well-known/openid-configuration`, realm],
    [
      'the document of RFC 8414',
      `${server}/.well-known/oauth-authorization-server/realms/shop`,
      `${server}/realms/shop`,
    ],
    ['a document of no realm', `${server}/.well-known/openid-configuration`, `${server}/realms/REALM`],
    ['the admin console', `${server}/admin/master/console/#/shop/clients`, `${server}/realms/shop`],
    ['the admin console of its own realm', `${server}/admin/shop/console/`, `${server}/realms/shop`],
    ['the Admin API', `${server}/admin/realms/shop`, `${server}/realms/shop`],
    ['the account console', `${realm}/account`, realm],
    ['the token endpoint', `${realm}/protocol/openid-connect/token`, realm],
  ])('%s: the error has the URL to use', async (_name, url, use) => {
    const error = (await errorOf(() => make(url))) as CloakwrightError
    expect(error).toMatchObject({
      code: 'CW_CONFIG_INVALID',
      hint: expect.stringContaining(`Use ${use}`) as string,
    })
    expect(error.message).toMatch(new RegExp(`^${name}: `))
    expect(error.hint?.slice(`Use ${use}`.length)).toMatch(/^(?:: .*)?$/)
    expect(await errorOf(() => make(use))).toBeUndefined()
  })

  test('a host alone is accepted: other providers have such issuers', async () => {
    expect(await errorOf(() => make(server))).toBeUndefined()
  })
})
