import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createVerifier } from 'cloakwright'
import { cloakwright, requireUser, userOf } from 'cloakwright/express'
import { createTenantSessions, type SessionEngine } from 'cloakwright/session'
import { memorySessionStore } from 'cloakwright/state'
import express from 'express'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { freePort } from '../../../../scripts/lib/ports.mjs'
import { Browser } from './support/browser.ts'
import { appSecret, type LoginRealm, openLoginRealm, signIn } from './support/realm.ts'
import { newKey } from './support/setup.ts'

// Two realms in one app, by path: on the embedded realm or, with CONFORMANCE_SERVER, on a real Keycloak.

const tenants = ['acme', 'globex'] as const
type Tenant = (typeof tenants)[number]

let realms: ReadonlyMap<string, LoginRealm>
let origin: string
let server: Server
let sessions: SessionEngine

beforeAll(async () => {
  origin = `http://localhost:${await freePort()}`
  realms = new Map(await Promise.all(tenants.map(async (name) => [name, await openRealm(name)] as const)))
  const keys = [newKey('k1')]
  sessions = createTenantSessions({
    store: memorySessionStore(),
    tenantOf: ({ url }) => /^\/(?:auth\/)?(\w+)\//.exec(new URL(url).pathname)?.[1],
    optionsOf(name) {
      const realm = realms.get(name)
      if (realm === undefined) return undefined
      const client = { issuer: realm.issuer, clientId: 'app', clientSecret: appSecret, audience: 'app' }
      return { ...client, publicUrl: origin, basePath: `/auth/${name}`, keys }
    },
  })
  const issuers = Array.from(realms.values(), ({ issuer }) => ({ issuer, audience: 'app' }))
  const app = express()
  app.use(cloakwright({ verifier: createVerifier({ issuers }), sessions }))
  app.get('/:tenant/page', requireUser(), (request, response) => {
    response.json({ user: userOf(request).username, issuer: userOf(request).issuer })
  })
  server = createServer(app).listen(Number(new URL(origin).port), 'localhost')
  await once(server, 'listening')
})
afterAll(async () => {
  server?.closeAllConnections()
  server?.close()
  await sessions?.close()
  for (const realm of realms?.values() ?? []) await realm.close()
})

async function openRealm(name: Tenant): Promise<LoginRealm> {
  const audience = { 'included.client.audience': 'app', 'access.token.claim': 'true' }
  const mapper = {
    name: 'aud',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: audience,
  }
  const client = {
    clientId: 'app',
    secret: appSecret,
    standardFlowEnabled: true,
    directAccessGrantsEnabled: true,
    redirectUris: [`${origin}/auth/${name}/callback`],
    attributes: {
      'backchannel.logout.url': `${origin}/auth/${name}/backchannel-logout`,
      'backchannel.logout.session.required': 'true',
    },
    protocolMappers: [mapper],
  }
  return await openLoginRealm({ clients: [client] })
}

const pageOf = (name: Tenant): string => `${origin}/${name}/page`
const statusOf = async (browser: Browser, name: Tenant): Promise<number> =>
  (await browser.send(pageOf(name))).status

test('a realm ends its own sessions, at the path of its tenant, and no others', async () => {
  const browser = new Browser({})
  for (const name of tenants) {
    const response = await signIn(browser, 'alice', pageOf(name))
    expect(await response.json()).toEqual({ user: 'alice', issuer: realms.get(name)?.issuer })
  }
  const acme = realms.get('acme') as LoginRealm
  const found = await acme.admin('GET', '/users?exact=true&username=alice')
  const [alice] = (await found.json()) as { id: string }[]
  await acme.admin('POST', `/users/${alice?.id}/logout`)
  await vi.waitFor(async () => expect(await statusOf(browser, 'acme')).toBe(401), 5_000)
  expect(await statusOf(browser, 'globex')).toBe(200)
})

test('a token of one realm is refused at the other', async () => {
  const issuer = realms.get('acme')?.issuer ?? ''
  const user = { username: 'robert', password: 'robert' }
  const body = new URLSearchParams({
    grant_type: 'password',
    client_id: 'app',
    client_secret: appSecret,
    ...user,
  })
  const granted = await fetch(`${issuer}/protocol/openid-connect/token`, { method: 'POST', body })
  const { access_token: token } = (await granted.json()) as { access_token: string }
  const headers = { authorization: `Bearer ${token}` }
  expect(await (await fetch(pageOf('acme'), { headers })).json()).toEqual({ user: 'robert', issuer })
  const refused = await fetch(pageOf('globex'), { headers })
  expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
    401,
    'CW_TOKEN_ISSUER',
  ])
})
