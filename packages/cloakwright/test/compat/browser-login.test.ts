import { createRequire } from 'node:module'
import { inspect } from 'node:util'
import { createRevocations, createVerifier } from 'cloakwright'
import { cloakwright, requireUser, sendProblem, userOf } from 'cloakwright/express'
import Keycloak from 'cloakwright/keycloak-connect'
import { createSessions, type SessionOptions } from 'cloakwright/session'
import { memorySessionStore } from 'cloakwright/state'
import express from 'express'
import session from 'express-session'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  click,
  form,
  type GuideRealms,
  openLink,
  openRealms,
  openSignedIn,
} from '../guides/support/programs.ts'
import { Browser } from '../session/support/browser.ts'
import { refusalOf } from '../support/refusal.ts'
import { bearer, grantOf } from './support/application.ts'
import {
  closePages,
  openPages,
  type PagesApp,
  type PagesAppOptions,
  secret,
  showUser,
} from './support/pages.ts'

const express4 = createRequire(import.meta.url)('express4') as typeof express

let realms: GuideRealms
beforeAll(async () => {
  realms = await openRealms()
})
afterAll(() => realms.close())

const open = (options?: PagesAppOptions): Promise<PagesApp> => openPages(realms, options)
afterEach(closePages)

const userAt = async (browser: Browser, url: string): Promise<unknown> =>
  ((await (await browser.open(url)).json()) as { user: unknown }).user

describe('a session', () => {
  test.each([
    ['Express 5', express],
    ['Express 4', express4],
  ])('%s: fills request.kauth on guarded and public routes', async (_name, framework) => {
    const { origin } = await open({ framework })
    const { browser, response } = await openSignedIn(`${origin}/account`, 'alice')
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(await userAt(browser, `${origin}/public`)).toBe('alice')
    expect(await userAt(browser, `${origin}/admin`)).toBe('alice')
    expect(await userAt(new Browser({}), `${origin}/public`)).toBe(null)
  })

  test('the grant has roles and token; refresh and ID token stay in the session', async () => {
    const grants: Keycloak.Grant[] = []
    const { origin } = await open({
      addRoutes: ({ app, keycloak }) => {
        app.use(keycloak.middleware())
        app.get('/', keycloak.protect(), (request, response) => {
          grants.push(grantOf(request) as Keycloak.Grant)
          response.end()
        })
      },
    })
    await openSignedIn(`${origin}/`, 'alice')
    const [grant] = grants as [Keycloak.Grant]
    const { access_token: access } = grant
    expect(access.content).toMatchObject({ preferred_username: 'alice', azp: 'shop' })
    expect(access.token.split('.')).toHaveLength(3)
    expect(
      ['realm:admin', 'stock-keeper', 'shop:stock-keeper', 'realm:auditor'].map((name) =>
        access.hasRole(name),
      ),
    ).toEqual([true, true, true, false])
    expect([access.hasRealmRole('admin'), access.isExpired(), grant.isExpired()]).toEqual([
      true,
      false,
      false,
    ])
    for (const name of ['refresh_token', 'id_token', 'token_type', 'store', 'unstore', 'update'])
      expect(await refusalOf(() => (grant as unknown as Record<string, unknown>)[name])).toMatchObject({
        code: 'CW_CONFIG_INVALID',
        message: `keycloak-connect: grant.${name} is not part of this adapter`,
      })
    expect(JSON.stringify(grant) + inspect(grant, { depth: 9, showHidden: true })).not.toContain(
      access.token.split('.')[2],
    )
  })

  test('is shared with the guards of cloakwright/express, which can end it', async () => {
    const { origin } = await open({
      addRoutes: ({ app, keycloak, issuer }) => {
        app.use(keycloak.middleware())
        const verifier = createVerifier({ issuer, audience: 'shop' })
        app.use(cloakwright({ verifier, sessions: keycloak.sessions }))
        app.get('/old', keycloak.protect(), showUser)
        app.get(
          '/new',
          requireUser(),
          (request, response) => void response.json({ user: userOf(request).username }),
        )
      },
    })
    const { browser } = await openSignedIn(`${origin}/old`, 'bob')
    expect(await userAt(browser, `${origin}/new`)).toBe('bob')
    await browser.send(`${origin}/auth/logout`, form)
    expect((await browser.send(`${origin}/old`)).status).toBe(401)
  })

  test('ends with its access token, if the verifier has revocations', async () => {
    const { origin } = await open({
      keycloak: { verifier: { revocations: createRevocations() } },
      addRoutes({ app, keycloak }) {
        app.use(keycloak.middleware())
        app.get('/token', keycloak.protect(), (request, response) => {
          response.json(grantOf(request)?.access_token.token)
        })
      },
    })
    const { browser, response } = await openSignedIn(`${origin}/token`, 'bob')
    const headers = bearer((await response.json()) as string)
    expect((await fetch(`${origin}/token`, { headers })).status).toBe(200)
    await openLink(browser, `${origin}/logout`)
    expect((await fetch(`${origin}/token`, { headers })).status).toBe(401)
  })

  test('ends when an administrator signs the user out', async () => {
    const { origin, issuer } = await open()
    const { browser } = await openSignedIn(`${origin}/account`, 'bob')
    await realms.signOut(issuer, 'bob')
    expect((await browser.send(`${origin}/account`)).status).toBe(401)
  })
})

describe('requests without a session', () => {
  test('a page is redirected, a script gets 401 with the path of the login', async () => {
    const { origin, log } = await open()
    const page = await fetch(`${origin}/account`, { headers: { accept: 'text/html' }, redirect: 'manual' })
    expect([page.status, page.headers.get('location')]).toEqual([
      302,
      expect.stringContaining('/protocol/openid-connect/auth?'),
    ])
    const script = await fetch(`${origin}/account`, { headers: { referer: `${origin}/cart` } })
    expect([script.status, await script.json()]).toMatchObject([
      401,
      { login: '/auth/login?returnTo=%2Fcart' },
    ])
    expect(log.map(({ code }) => code)).toEqual(['CW_TOKEN_MISSING'])
  })

  test('redirectToLogin() decides, on the object and on the prototype; then accessDenied() responds', async () => {
    const original = Keycloak.prototype.redirectToLogin
    const { origin, keycloak } = await open()
    const statusOf = async (): Promise<number> =>
      (await fetch(`${origin}/account`, { headers: { accept: 'text/html' }, redirect: 'manual' })).status
    try {
      Keycloak.prototype.redirectToLogin = (request) => !request.originalUrl.startsWith('/account')
      expect(await statusOf()).toBe(401)
      keycloak.redirectToLogin = () => Promise.resolve(true)
      expect(await statusOf()).toBe(302)
      keycloak.redirectToLogin = () => Promise.resolve(false)
      keycloak.accessDenied = (_request, response) => void response.end('no')
      const denied = await fetch(`${origin}/account`, { headers: { accept: 'text/html' } })
      expect([denied.status, await denied.text()]).toEqual([401, 'no'])
    } finally {
      Keycloak.prototype.redirectToLogin = original
    }
  })

  test('a page needs the routes of the login: protect() without middleware() is a mistake that is named', async () => {
    const { origin } = await open({
      addRoutes: ({ app, keycloak }) => {
        app.get('/account', keycloak.protect(), showUser)
        app.use(sendProblem)
        app.use(
          (_error: unknown, _request: unknown, response: express.Response, _next: unknown) =>
            void response.end(),
        )
      },
    })
    const page = await fetch(`${origin}/account`, { headers: { accept: 'text/html' }, redirect: 'manual' })
    expect([page.status, await page.json()]).toMatchObject([500, { code: 'CW_CONFIG_MISSING' }])
  })
})

describe('CSRF', () => {
  const crossSite = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }

  test('a POST of another site gets no grant, and is refused on a guarded route', async () => {
    const { origin, log } = await open()
    const { browser } = await openSignedIn(`${origin}/account`, 'alice')
    const post = (path: string, headers: Record<string, string>): Promise<Response> =>
      browser.send(origin + path, { method: 'POST', headers: { ...form.headers, ...headers } })
    expect((await post('/account', crossSite)).status).toBe(403)
    expect(await (await post('/public', crossSite)).json()).toEqual({ user: null })
    expect(log.map(({ code }) => code)).toEqual([
      'CW_SESSION_ORIGIN',
      'CW_SESSION_ORIGIN',
      'CW_SESSION_ORIGIN',
    ])
    expect(await (await post('/account', {})).json()).toEqual({ user: 'alice' })
  })

  const navigation = { ...click }
  test.each<[string, Record<string, string>]>([
    ['a link on another site', { ...navigation, 'sec-fetch-site': 'cross-site' }],
    ['a link on another host of the site', { ...navigation, 'sec-fetch-site': 'same-site' }],
    ['a bookmark', { ...navigation, 'sec-fetch-site': 'none' }],
    ['a script without a click', { ...navigation, 'sec-fetch-user': '?0' }],
    [
      'an image in a page of the app',
      { ...navigation, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    ],
    ['a frame', { ...navigation, 'sec-fetch-dest': 'iframe' }],
    ['a fetch', { ...navigation, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['a prefetch', { ...navigation, 'sec-purpose': 'prefetch;prerender' }],
    ['an old browser', { accept: 'text/html' }],
  ])('GET /logout by %s does not sign out', async (_name, headers) => {
    const { origin } = await open()
    const { browser } = await openSignedIn(`${origin}/account`, 'alice')
    const asked = await openLink(browser, `${origin}/logout`, headers)
    expect([asked.status, await asked.text()]).toEqual([
      200,
      expect.stringContaining('<form method="post" action="/auth/logout">'),
    ])
    expect(await userAt(browser, `${origin}/account`)).toBe('alice')
  })

  test('a POST to the logout needs a page of this service', async () => {
    const { origin } = await open()
    const { browser } = await openSignedIn(`${origin}/account`, 'alice')
    const post = (headers: Record<string, string>): Promise<Response> =>
      browser.send(`${origin}/logout`, { ...form, headers: { ...form.headers, ...headers } })
    expect((await post(crossSite)).status).toBe(403)
    expect(await userAt(browser, `${origin}/account`)).toBe('alice')
    expect((await post({})).status).toBe(303)
    expect((await browser.send(`${origin}/account`)).status).toBe(401)
  })
})

describe('the logout', () => {
  test('has the path of the option, /logout by default', async () => {
    const { origin } = await open({
      addRoutes: ({ app, keycloak }) => {
        app.use(keycloak.middleware({ logout: '/bye' }))
        app.get('/account', keycloak.protect(), showUser)
        app.get('/', showUser)
      },
    })
    const { browser } = await openSignedIn(`${origin}/account`, 'alice')
    expect((await openLink(browser, `${origin}/logout`)).status).toBe(404)
    expect(await (await openLink(browser, `${origin}/bye`)).json()).toEqual({ user: null })
    expect(browser.visited.at(-1)).toBe(`${origin}/`)
    expect((await browser.send(`${origin}/account`)).status).toBe(401)
  })

  test('of the old redirect_url: 400, and the log says what to set', async () => {
    const { origin, log } = await open()
    const { browser } = await openSignedIn(`${origin}/account`, 'alice')
    const refused = await openLink(browser, `${origin}/logout?redirect_url=https://evil.example/`)
    expect(refused.status).toBe(400)
    expect(log.at(-1)).toMatchObject({
      code: 'CW_CONFIG_INVALID',
      hint: expect.stringContaining('postLogoutUrl') as unknown,
    })
  })

  test('other methods belong to the app', async () => {
    const { origin } = await open({
      addRoutes: ({ app, keycloak }) => {
        app.use(keycloak.middleware())
        app.delete('/logout', (_request, response) => void response.json({ own: true }))
      },
    })
    expect(await (await fetch(`${origin}/logout`, { method: 'DELETE' })).json()).toEqual({ own: true })
  })
})

describe('checkSso()', () => {
  test('shows the page without a user, after one question to the realm', async () => {
    const { origin } = await open()
    const browser = new Browser({})
    expect(await userAt(browser, `${origin}/sso?tab=1`)).toBe(null)
    expect(browser.visited.filter((url) => url.includes('prompt=none'))).toHaveLength(2)
    expect(browser.visited.at(-1)).toBe(`${origin}/sso?tab=1`)
    expect([...browser.cookies('localhost').keys()].filter((name) => name.endsWith('_sso'))).toEqual([])
  })

  test('signs in a browser that has a session at the realm, without a page', async () => {
    const { origin } = await open()
    const { browser } = await openSignedIn(`${origin}/account`, 'alice')
    for (const name of browser.cookies('localhost', 'cloakwright_dev').keys())
      browser.jar.get('localhost')?.delete(name)
    expect(await userAt(browser, `${origin}/sso`)).toBe('alice')
    expect(await userAt(browser, `${origin}/account`)).toBe('alice')
  })

  test('asks nothing for a script, or with redirectToLogin() false', async () => {
    const { origin, keycloak } = await open()
    expect(await (await fetch(`${origin}/sso`)).json()).toEqual({ user: null })
    keycloak.redirectToLogin = () => false
    const page = await fetch(`${origin}/sso`, { headers: { accept: 'text/html' }, redirect: 'manual' })
    expect(page.status).toBe(401)
  })
})

describe('configuration', () => {
  const json = {
    realm: 'shop',
    'auth-server-url': 'http://localhost:8080',
    resource: 'shop',
    credentials: { secret },
  }
  const sessions = (store: unknown) => (client: Keycloak.SessionClient) =>
    createSessions({
      ...client,
      publicUrl: 'http://localhost:3000',
      keys: [{ id: 'k1', key: Buffer.alloc(32, 1) }],
      store: store as SessionOptions['store'],
    })

  test.each<[string, object, object, string, string]>([
    [
      'the store of express-session',
      {},
      { sessions: sessions(new session.MemoryStore()) },
      'CW_CONFIG_INVALID',
      'store: has no function read()',
    ],
    [
      'an engine',
      {},
      {
        sessions: sessions(memorySessionStore())({
          issuer: 'http://localhost:8080/realms/shop',
          clientId: 'shop',
          clientSecret: secret,
        }),
      },
      'CW_CONFIG_INVALID',
      'sessions: not a function',
    ],
    [
      'a promise',
      {},
      { sessions: async (client: Keycloak.SessionClient) => sessions(memorySessionStore())(client) },
      'CW_CONFIG_INVALID',
      'cloakwright: sessions is a promise',
    ],
    ['no secret', { credentials: undefined }, {}, 'CW_CONFIG_MISSING', 'clientSecret is missing'],
    [
      'bearer-only',
      { 'bearer-only': true },
      {},
      'CW_CONFIG_INVALID',
      'keycloak-connect: bearer-only of keycloak.json with sessions is not part of this adapter',
    ],
    [
      'a public client',
      { 'public-client': true },
      {},
      'CW_CONFIG_INVALID',
      'keycloak-connect: public-client of keycloak.json with sessions is not part of this adapter',
    ],
    [
      'an old store as well',
      {},
      { store: new session.MemoryStore() },
      'CW_CONFIG_INVALID',
      'keycloak-connect: the option store of new Keycloak() is not part of this adapter',
    ],
  ])('%s stops the start', async (_name, change, options, code, message) => {
    const refusal = await refusalOf(
      () => new Keycloak({ sessions: sessions(memorySessionStore()), ...options }, { ...json, ...change }),
    )
    expect(refusal).toMatchObject({ code, message })
    expect(inspect(refusal)).not.toContain(secret)
  })

  test('the secret may come from a variable, and is not kept in the object', async () => {
    process.env['CLOAKWRIGHT_TEST_SECRET'] = secret
    try {
      let given: unknown
      const keycloak = new Keycloak(
        {
          sessions: (client) =>
            sessions(memorySessionStore())(
              Object.assign(client, { clientSecret: (given = client.clientSecret) as string }),
            ),
        },
        { ...json, credentials: { secret: '${env.CLOAKWRIGHT_TEST_SECRET}' } },
      )
      expect(given).toBe(secret)
      expect(inspect([keycloak, keycloak.getConfig()], { depth: 9, showHidden: true })).not.toContain(secret)
    } finally {
      delete process.env['CLOAKWRIGHT_TEST_SECRET']
    }
  })
})
