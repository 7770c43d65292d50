import { createDevRealm, type DevRealm, migrations as realmMigrations } from '@cloakwright/devrealm'
import { type EmbeddedDatabase, openTemporaryDatabase } from '@cloakwright/devrealm/home'
import { createVerifier, maxAge } from 'cloakwright'
import { createSessions, type SessionEngine } from 'cloakwright/session'
import { migrate, migrations, postgresSessionStore } from 'cloakwright/state'
import { cloakwright } from 'cloakwright/web'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Browser, toApp } from './support/browser.ts'
import { Clock, newKey, sessionOf } from './support/setup.ts'

const publicUrl = 'http://localhost:8000'
const form = {
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
}

/**
 * As under `npm start`: the realm and the sessions share one PGlite, with one connection. A refresh with an open
 * transaction during its grant would deadlock here.
 */
describe('browser login at the embedded realm', () => {
  let database: EmbeddedDatabase
  let realm: DevRealm
  let issuer: string
  let clock = new Clock()
  let replicas: SessionEngine[]
  beforeAll(async () => {
    database = await openTemporaryDatabase()
    await migrate(database.sql, 'cloakwright', migrations)
    await migrate(database.sql, 'devrealm', realmMigrations)
    realm = await createDevRealm({ sql: database.sql, now: () => clock.now() })
    await realm.importRealm({
      realm: 'shop',
      enabled: true,
      revokeRefreshToken: true,
      refreshTokenMaxReuse: 0,
      clients: [
        {
          clientId: 'shop-app',
          secret: 's3cr3t/+&',
          standardFlowEnabled: true,
          redirectUris: [`${publicUrl}/auth/callback`],
          attributes: { 'post.logout.redirect.uris': `${publicUrl}/` },
          protocolMappers: [
            {
              name: 'audience',
              protocol: 'openid-connect',
              protocolMapper: 'oidc-audience-mapper',
              config: { 'included.client.audience': 'shop-app', 'access.token.claim': 'true' },
            },
          ],
        },
      ],
      users: ['alice', 'robert'].map((username) => ({
        username,
        enabled: true,
        email: `${username}@example.com`,
        firstName: username,
        lastName: 'Example',
        credentials: [{ type: 'password', value: username }],
      })),
    })
    issuer = `${await realm.listen()}/realms/shop`
  })
  afterAll(async () => {
    await realm.close()
    await database.close()
  })

  function newBrowser(): Browser {
    clock = new Clock()
    const keys = [newKey('k1')]
    replicas = [1, 2, 3].map(() =>
      createSessions({
        issuer,
        clientId: 'shop-app',
        clientSecret: 's3cr3t/+&',
        publicUrl,
        keys,
        store: postgresSessionStore(database.sql),
        now: clock.now,
      }),
    )
    return new Browser({ [publicUrl]: toApp(replicas[0] as SessionEngine) })
  }

  /** Opens a page, fills in the realm's login page, and returns. */
  async function signIn(browser: Browser, user: string, path = '/page'): Promise<Response> {
    const page = await browser.open(publicUrl + path)
    const [, action = ''] = /action="([^"]*)"/.exec(await page.text()) ?? []
    const body = new URLSearchParams({ username: user, password: user })
    const answer = await browser.send(action.replaceAll('&amp;', '&'), { method: 'POST', body })
    return await browser.open(answer.headers.get('location') ?? '')
  }

  it('returns to the page, with a token that the verifier accepts', async () => {
    const browser = newBrowser()
    const response = await signIn(browser, 'alice', '/page?x=1')
    const { page, session } = (await response.json()) as {
      page: string
      session: { sid: string; subject: string; accessToken: string }
    }
    expect(page).toBe('/page?x=1')
    const token = await createVerifier({ issuer, audience: 'shop-app' }).verify(session.accessToken)
    expect(token).toMatchObject({ username: 'alice', subject: session.subject, sid: session.sid })
  })

  it('refreshes once for 20 tabs on 3 replicas, where a second use of the token would end the session', async () => {
    const browser = newBrowser()
    await signIn(browser, 'alice')
    for (let time = 0; time < 2; time++) {
      clock.forward(310)
      const cookie = Array.from(browser.cookies('localhost'), (pair) => pair.join('=')).join('; ')
      const request = new Request(publicUrl, { headers: { cookie } })
      const sessions = await Promise.all(
        Array.from({ length: 20 }, async (_, tab) => await replicas[tab % 3]?.authenticate(request)),
      )
      expect(new Set(sessions.map((session) => session?.accessToken)).size).toBe(1)
      expect(sessions[0]).toBeDefined()
    }
  })

  it('a route that needs a recent login asks for the password again, and is back on its page', async () => {
    newBrowser()
    const [sessions] = replicas as [SessionEngine]
    const verifier = createVerifier({ issuer, audience: 'shop-app', now: clock.now })
    const protect = cloakwright({ verifier, sessions })
    const page = protect(
      (request, user) => Response.json({ page: request.url, user: user.username }),
      maxAge(300),
    )
    const browser = new Browser({
      [publicUrl]: async (request) => (await protect.routes(request)) ?? (await page(request)),
    })
    const url = `${publicUrl}/prices?x=1`
    expect((await signIn(browser, 'alice', '/prices?x=1')).status).toBe(200)
    // The refresh of the access token keeps the time of the login.
    clock.forward(310)
    const login = await browser.open(url)
    expect(new URL(browser.visited[1] ?? '').searchParams.get('max_age')).toBe('300')
    const [, action = ''] = /action="([^"]*)"/.exec(await login.text()) ?? []
    const body = new URLSearchParams({ username: 'alice', password: 'alice' })
    const answer = await browser.send(action.replaceAll('&amp;', '&'), { method: 'POST', body })
    const response = await browser.open(answer.headers.get('location') ?? '')
    expect(await response.json()).toEqual({ page: url, user: 'alice' })
  })

  it('signs out here and at the realm', async () => {
    const browser = newBrowser()
    await signIn(browser, 'alice')
    const logout = await browser.send(`${publicUrl}/auth/logout`, form)
    const home = await browser.open(logout.headers.get('location') ?? '')
    expect(await home.json()).toEqual({ page: '/' })
    expect(browser.visited).toHaveLength(2)
    // The realm asks for a password again.
    expect(await (await browser.open(`${publicUrl}/page`)).text()).toContain('kc-form-login')
  })

  it('ends the session when the realm has ended its own', async () => {
    const browser = newBrowser()
    await signIn(browser, 'alice')
    const admin = await fetch(`${new URL(issuer).origin}/realms/master/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'password',
        client_id: 'admin-cli',
        username: 'admin',
        password: 'admin',
      }),
    })
    const { access_token } = (await admin.json()) as { access_token: string }
    const authorization = `Bearer ${access_token}`
    const session = (await sessionOf(browser, {}, publicUrl)) as { subject: string }
    const logout = await fetch(
      `${new URL(issuer).origin}/admin/realms/shop/users/${session.subject}/logout`,
      { method: 'POST', headers: { authorization } },
    )
    expect(logout.status).toBe(204)
    clock.forward(310)
    expect(await sessionOf(browser, {}, publicUrl)).toBeUndefined()
  })

  it('shows a link back if the realm refuses', async () => {
    const browser = newBrowser()
    const response = await browser.open(`${publicUrl}/page`, issuer)
    const address = new URL(response.headers.get('location') ?? '')
    address.searchParams.set('scope', 'openid unknown-scope')
    const refused = await browser.open(address.href)
    expect(refused.status).toBe(400)
    expect(await refused.text()).toContain('You are not signed in')
  })
})
