import { createServer, type Server } from 'node:http'
import { createRevocations, createVerifier, type IntrospectionOptions, type LogEntry } from 'cloakwright'
import {
  cloakwright,
  refreshSession,
  requireRole,
  requireScope,
  requireUser,
  sendProblem,
} from 'cloakwright/express'
import { createSessions, type SessionOptions } from 'cloakwright/session'
import { memorySessionStore } from 'cloakwright/state'
import express from 'express'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { freePort } from '../../../../scripts/lib/ports.mjs'
import { codeOf, refusalOf } from '../support/refusal.ts'
import { Browser } from './support/browser.ts'
import { type OtherProvider, startOtherProvider } from './support/oidc-provider.ts'
import { newKey } from './support/setup.ts'

// Nothing here is Keycloak's: no realm in the issuer, none of its paths, claims, parameters and token types.

const secret = 'a-secret-of-32-characters-or-more'
const resource = 'https://api.example.com'
const opaque = 'https://opaque.example.com'
interface App {
  readonly origin: string
  readonly server: Server
  /** Why requests were refused. */
  readonly refused: LogEntry[]
}

let provider: OtherProvider
let apps: { readonly [name in 'shop' | 'office' | 'keyed' | 'plain' | 'opaque']: App }
beforeAll(async () => {
  const [port, ...ports] = await Promise.all(Array.from({ length: 6 }, () => freePort()))
  const issuer = `http://127.0.0.1:${port}`
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const clientKey: JWK = { ...(await exportJWK(privateKey)), kid: 'c1', alg: 'ES256' }
  const names = ['shop', 'office', 'keyed', 'plain', 'opaque'] as const
  const origins = new Map(names.map((name, index) => [name, `http://127.0.0.1:${ports[index]}`]))
  const clients = await Promise.all(
    [...origins].map(async ([name, origin]) => ({
      client_id: name,
      redirect_uris: [`${origin}/auth/callback`],
      post_logout_redirect_uris: [`${origin}/`],
      backchannel_logout_uri: `${origin}/auth/backchannel-logout`,
      grant_types: ['authorization_code', 'refresh_token'],
      ...(name === 'keyed'
        ? {
            token_endpoint_auth_method: 'private_key_jwt' as const,
            jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'c1', alg: 'ES256', use: 'sig' }] },
            require_pushed_authorization_requests: true,
            backchannel_logout_session_required: true,
          }
        : { client_secret: secret }),
    })),
  )
  provider = await startOtherProvider(port as number, clients)
  const open = async (
    name: (typeof names)[number],
    options: Partial<SessionOptions>,
    introspection?: IntrospectionOptions,
  ): Promise<App> => {
    const origin = origins.get(name) ?? ''
    const revocations = createRevocations()
    const sessions = createSessions({
      issuer,
      clientId: name,
      ...(name === 'keyed' ? { clientKey } : { clientSecret: secret }),
      publicUrl: origin,
      keys: [newKey('k1')],
      store: memorySessionStore(),
      revocations,
      ...options,
    })
    const verifier = createVerifier({ issuer, audience: 'shop-api', revocations, introspection })
    const refused: LogEntry[] = []
    const app = express()
    app.use(cloakwright({ verifier, sessions, onRefused: (entry) => void refused.push(entry) }))
    app.get('/me', requireUser(), (_request, response) => void response.json({}))
    app.get('/read', requireScope('read'), (_request, response) => void response.json({}))
    app.get('/admin', requireRole('admin'), (_request, response) => void response.json({}))
    app.get('/refresh', requireUser(), async (request, response) => {
      response.sendStatus((await refreshSession(request)) === undefined ? 401 : 200)
    })
    app.get('/', (_request, response) => void response.json({}))
    app.use(sendProblem)
    const server = createServer(app)
    await new Promise<void>((resolve) => server.listen(Number(new URL(origin).port), '127.0.0.1', resolve))
    return { origin, server, refused }
  }
  apps = {
    shop: await open('shop', { resource, scope: 'openid read' }),
    office: await open('office', { resource }),
    keyed: await open('keyed', { resource, pushedAuthorization: true }),
    plain: await open('plain', {}),
    opaque: await open(
      'opaque',
      { resource: opaque, scope: 'openid read' },
      { clientId: 'opaque', clientSecret: secret },
    ),
  }
})
afterAll(async () => {
  for (const { server } of Object.values(apps ?? {})) {
    server.closeAllConnections()
    server.close()
  }
  await provider?.close()
})

const signIn = async ({ origin }: App, browser = new Browser({})): Promise<Browser> => {
  const response = await browser.open(`${origin}/me`)
  expect([response.status, browser.visited.at(-1)]).toEqual([200, `${origin}/me`])
  return browser
}
const statusOf = async (browser: Browser, { origin }: App, path = '/me'): Promise<number> =>
  (await browser.send(origin + path)).status
/** Signs out by the app's form, and confirms it on the provider's page. */
const signOut = async (browser: Browser, { origin }: App): Promise<void> => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' }
  const logout = await browser.send(`${origin}/auth/logout`, { method: 'POST', headers, body: '' })
  const page = await (await browser.open(logout.headers.get('location') ?? '')).text()
  const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(page) ?? []
  const [, action = ''] = /action="([^"]+)"/.exec(page) ?? []
  const body = new URLSearchParams({ xsrf, logout: 'yes' })
  const confirmed = await browser.send(action, { method: 'POST', body })
  expect(await browser.open(confirmed.headers.get('location') ?? '')).toMatchObject({ status: 200 })
  expect(browser.visited.at(-1)?.split('?')[0]).toBe(`${origin}/`)
}
/** What a user of the app and a client of the API get. */
const bearer = async ({ origin }: App, path: string, token: string): Promise<Response> =>
  await fetch(origin + path, { headers: { authorization: `Bearer ${token}` } })

describe('a provider that is not Keycloak', () => {
  test.each(['shop', 'keyed'] as const)('signs users of the client %s in and out', async (name) => {
    const app = apps[name]
    const pushed = provider.pushed
    const browser = await signIn(app)
    expect(provider.pushed - pushed).toBe(name === 'keyed' ? 1 : 0)
    const session = await browser.send(`${app.origin}/auth/session`)
    expect(await session.json()).toMatchObject({ subject: 'alice', roles: [] })
    await signOut(browser, app)
    expect(await statusOf(browser, app)).toBe(401)
    expect(await statusOf(browser, app, '/auth/session')).toBe(401)
  })

  test('refreshes a session, whose refresh token is a new one each time', async () => {
    const browser = await signIn(apps.shop)
    provider.grants.length = 0
    for (let round = 0; round < 3; round++) expect(await statusOf(browser, apps.shop, '/refresh')).toBe(200)
    expect(provider.grants).toEqual(['refresh_token', 'refresh_token', 'refresh_token'])
  })

  test.each(['shop', 'keyed'] as const)(
    'ends the session of %s when the user signs out of another app',
    async (name) => {
      provider.user = `of-${name}`
      const browser = await signIn(apps[name])
      const other = await signIn(apps[name])
      await signIn(apps.office, browser)
      await signOut(browser, apps.office)
      await vi.waitFor(async () => expect(await statusOf(browser, apps[name])).toBe(401))
      // With `sid`, the other browser stays signed in; a logout of the user ends all sessions.
      expect(await statusOf(other, apps[name])).toBe(name === 'keyed' ? 200 : 401)
      provider.user = 'alice'
    },
  )

  test('has no realm roles: a guard says what is missing, and scopes work', async () => {
    const browser = await signIn(apps.shop)
    expect(await statusOf(browser, apps.shop, '/read')).toBe(200)
    expect(await statusOf(browser, apps.shop, '/admin')).toBe(403)
    expect(apps.shop.refused.at(-1)).toMatchObject({
      code: 'CW_FORBIDDEN',
      message: expect.stringMatching(/no realm_access/) as string,
    })
  })

  test('an access token without a resource is opaque: the refusal says what to do', async () => {
    const browser = new Browser({})
    expect((await browser.open(`${apps.plain.origin}/me`)).status).toBe(401)
    expect(browser.visited.filter((url) => url.includes('/auth?'))).toHaveLength(1)
    expect(apps.plain.refused.at(-1)).toMatchObject({
      code: 'CW_TOKEN_MALFORMED',
      hint: expect.stringMatching(/introspection/) as string,
    })
    // Signed in nevertheless, for a service that does without access tokens.
    expect(await statusOf(browser, apps.plain, '/auth/session')).toBe(200)
  })

  test('introspects opaque access tokens', async () => {
    const browser = await signIn(apps.opaque)
    expect(await statusOf(browser, apps.opaque, '/read')).toBe(200)
  })
})

describe('its tokens as bearer tokens', () => {
  /** The tokens of a session, from the provider's own response. */
  const tokensOf = async (
    name: 'shop' | 'opaque',
  ): Promise<Record<'access_token' | 'id_token' | 'refresh_token', string>> => {
    const [verifier, challenge] = ['v'.repeat(43), '7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM']
    const redirect = `${apps[name].origin}/auth/callback`
    const to = name === 'shop' ? resource : opaque
    const login = {
      client_id: name,
      redirect_uri: redirect,
      response_type: 'code',
      scope: 'openid read',
      resource: to,
    }
    const query = new URLSearchParams({ ...login, code_challenge: challenge, code_challenge_method: 'S256' })
    const browser = new Browser({})
    const response = await browser.open(`${provider.issuer}/auth?${query.toString()}`, redirect)
    const code = new URL(response.headers.get('location') ?? '').searchParams.get('code') ?? ''
    const grant = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirect,
      code_verifier: verifier,
      resource: to,
    }
    const authorization = `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`
    const granted = await fetch(`${provider.issuer}/token`, {
      method: 'POST',
      headers: { authorization },
      body: new URLSearchParams(grant),
    })
    return (await granted.json()) as Awaited<ReturnType<typeof tokensOf>>
  }

  test('an access token of RFC 9068 is accepted, no ID token and no refresh token', async () => {
    // A logout of the user, in a test before, also covers tokens of the same second.
    const { id, refresh } = await vi.waitFor(
      async () => {
        const { access_token: access, id_token, refresh_token } = await tokensOf('shop')
        expect((await bearer(apps.shop, '/read', access)).status).toBe(200)
        return { id: id_token, refresh: refresh_token }
      },
      { timeout: 5_000, interval: 200 },
    )
    const refused = await bearer(apps.shop, '/read', id)
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
      401,
      'CW_TOKEN_TYPE',
    ])
    expect((await bearer(apps.shop, '/read', refresh)).status).toBe(401)
  })

  test('an opaque access token is introspected; a refresh token is refused', async () => {
    const { access_token: access, refresh_token: refresh } = await tokensOf('opaque')
    expect((await bearer(apps.opaque, '/read', access)).status).toBe(200)
    const refused = await bearer(apps.opaque, '/read', refresh)
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
      401,
      'CW_TOKEN_TYPE',
    ])
  })

  test('the client of RFC 9068 is the authorized party', async () => {
    const { access_token: access } = await tokensOf('shop')
    const options = { issuer: provider.issuer, audience: 'shop-api' }
    const verifier = createVerifier({ ...options, authorizedParties: ['shop'] })
    expect(await verifier.verify(access)).toMatchObject({ azp: 'shop', username: undefined, realmRoles: [] })
    const others = createVerifier({ ...options, authorizedParties: ['office'] })
    expect(await codeOf(() => others.verify(access))).toBe('CW_TOKEN_AZP')
  })
})

describe('the issuer', () => {
  test.each([
    'https://accounts.example.com',
    'https://tenant.example.com/',
    'https://id.example.com/application/o/shop/',
    'https://login.example.com/0e0f/v2.0',
  ])('%s is accepted as it is', (issuer) => {
    expect(createVerifier({ issuer, audience: 'shop-api' }).issuers).toEqual([issuer])
  })

  test('with a slash is compared exactly, and its documents are found', async () => {
    const urls: string[] = []
    const verifier = createVerifier({
      issuer: 'https://tenant.example.com/',
      audience: 'shop-api',
      fetch: async (url) => {
        urls.push(String(url))
        return Response.json({
          issuer: 'https://tenant.example.com/',
          jwks_uri: 'https://tenant.example.com/jwks',
        })
      },
    })
    await verifier.ready().catch(() => {})
    expect(urls.slice(0, 2)).toEqual([
      'https://tenant.example.com/.well-known/openid-configuration',
      'https://tenant.example.com/jwks',
    ])
  })

  test('of a Keycloak without the realm is a mistake that discovery explains', async () => {
    const verifier = createVerifier({
      issuer: 'https://sso.example.com',
      audience: 'shop-api',
      fetch: async () => new Response(null, { status: 404 }),
    })
    const error = await refusalOf(() => verifier.ready())
    expect(error?.cause).toMatchObject({
      code: 'CW_DISCOVERY_FAILED',
      hint: expect.stringContaining('https://HOST/realms/REALM') as string,
    })
  })
})
