import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser, type Page } from './support/browser.ts'
import { startServer, type TestServer } from './support/environment.ts'

let server: TestServer
let base: string

beforeAll(async () => {
  server = await startServer()
  base = server.url
})

afterAll(async () => {
  await server?.close()
})

async function signedIn(username: string, path = '/'): Promise<{ browser: Browser; page: Page }> {
  const browser = new Browser()
  const login = await browser.open(`${base}/auth/login?returnTo=${encodeURIComponent(path)}`)
  return { browser, page: await browser.signIn(login, username) }
}

describe('signing in', () => {
  test('a navigation to /secure-data is redirected to the login and back', async () => {
    const browser = new Browser()
    const login = await browser.open(`${base}/secure-data`)
    expect(login.url).toContain(`/realms/${server.config.keycloak.realm}/`)
    expect(login.text).toContain('kc-form-login')
    expect(browser.visited).toHaveLength(2)
    const page = await browser.signIn(login, 'alice')
    expect(page.url).toBe(`${base}/secure-data`)
    expect(JSON.parse(page.text)).toEqual({ message: 'Hello alice, secure content here!' })
  })

  test('the page shows who is signed in, and signs out', async () => {
    const browser = new Browser()
    const before = await browser.open(`${base}/`)
    expect(before.text).toContain('You are not signed in')
    const link = /href="(\/auth\/login[^"]*)"/.exec(before.text)?.[1] ?? ''
    const page = await browser.signIn(await browser.open(`${base}${link}`), 'bob')
    expect(page.url).toBe(`${base}/`)
    expect(page.text).toContain('Signed in as bob')
    expect(page.text).toContain('bob@example.com')
    expect(page.text).toContain('>user</span>')
    expect(page.text).not.toContain('>admin</span>')

    const after = await browser.submit(page)
    expect(after.url).toBe(`${base}/`)
    expect(after.text).toContain('You are not signed in')
    expect(browser.visited.some((url) => url.includes('/protocol/openid-connect/logout'))).toBe(true)
    const again = await browser.open(`${base}/secure-data`)
    expect(again.text).toContain('kc-form-login')
  })

  test('tokens never reach the browser: the cookie is opaque, and HttpOnly', async () => {
    const { browser } = await signedIn('alice')
    const cookie = browser.sessionCookie(base) ?? ''
    expect(cookie.length).toBeGreaterThan(20)
    expect(cookie).not.toContain('eyJ')
  })

  test('/me/sessions lists where the user is signed in, and ends sessions', async () => {
    const [{ browser: mine }, { browser: other }, { browser: third }] = [
      await signedIn('bob'),
      await signedIn('bob'),
      await signedIn('bob'),
    ]
    const list = async () => {
      const listed = (await (await mine.fetch(`${base}/me/sessions`)).json()) as {
        items: { id: string; current: boolean; address: string }[]
      }
      return listed.items
    }
    const items = await list()
    expect(items.slice(0, 3).map(({ current }) => current)).toEqual([true, false, false])
    expect(items[0]?.address).toMatch(/^127\.|^::1$/)
    const remove = { method: 'DELETE', headers: { origin: base, 'x-csrf': '1' } }
    expect((await mine.fetch(`${base}/me/sessions/${items[1]?.id}`, { method: 'DELETE' })).status).toBe(403)
    expect((await mine.fetch(`${base}/me/sessions/${items[1]?.id}`, remove)).status).toBe(204)
    expect((await mine.fetch(`${base}/me/sessions/${items[1]?.id}`, remove)).status).toBe(404)
    expect(await (await mine.fetch(`${base}/me/sessions`, remove)).json()).toEqual({
      ended: items.length - 2,
    })
    const statuses = [mine, other, third].map(async (one) => (await one.fetch(`${base}/me`)).status)
    expect(await Promise.all(statuses)).toEqual([200, 401, 401])
    expect((await new Browser().fetch(`${base}/me/sessions`)).status).toBe(401)
  })

  test('bob is refused /admin-data', async () => {
    const { browser } = await signedIn('bob')
    const answer = await browser.fetch(`${base}/admin-data`)
    expect(answer.status).toBe(403)
    expect(await answer.json()).toMatchObject({ detail: 'Insufficient permissions' })
  })

  test("a script's request without a session gets 401, not a redirect", async () => {
    const answer = await new Browser().fetch(`${base}/secure-data`)
    expect(answer.status).toBe(401)
  })

  test.each(['//evil.example', 'https://evil.example/', '/\\evil.example'])(
    'does not return to %s',
    async (target) => {
      const { page } = await signedIn('bob', target)
      expect(page.url).toBe(`${base}/`)
    },
  )

  test('a wrong state is refused', async () => {
    const page = await new Browser().open(`${base}/auth/callback?code=x&state=y`)
    expect(page.status).toBe(400)
    expect(page.headers.get('content-type')).toContain('text/html')
  })

  test('another host name is redirected to the public one before a login begins', async () => {
    const browser = new Browser()
    const page = await browser.open(`http://127.0.0.1:${server.config.port}/secure-data`)
    expect(browser.visited[1]).toBe(`${base}/secure-data`)
    expect(page.text).toContain('kc-form-login')
  })
})

describe('notes with a session', () => {
  test('are written with a same-origin proof, and refused without one', async () => {
    const { browser } = await signedIn('bob')
    const body = JSON.stringify({ title: 'from a session' })
    const json = { 'content-type': 'application/json' }
    const attempts: [Record<string, string>, number][] = [
      [{ ...json, 'x-csrf': '1' }, 201],
      [json, 403],
      [{ ...json, 'x-csrf': '1', 'sec-fetch-site': 'cross-site' }, 403],
      [{ ...json, 'x-csrf': '1', 'sec-fetch-site': 'same-site' }, 403],
    ]
    for (const [headers, status] of attempts) {
      const answer = await browser.fetch(`${base}/notes`, { method: 'POST', headers, body })
      expect([status, answer.status]).toEqual([status, status])
    }
    const list = await browser.fetch(`${base}/notes`)
    expect(((await list.json()) as { items: { title: string }[] }).items.map((note) => note.title)).toEqual([
      'from a session',
    ])
  })

  test('a request with an Authorization header never uses the session', async () => {
    const { browser } = await signedIn('alice')
    const answer = await browser.fetch(`${base}/me`, { headers: { authorization: 'Bearer nonsense' } })
    expect(answer.status).toBe(401)
  })
})

describe('signing out', () => {
  test('needs a form of this origin', async () => {
    const { browser } = await signedIn('alice')
    const elsewhere = await browser.fetch(`${base}/auth/logout`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'sec-fetch-site': 'cross-site',
        origin: 'https://evil.example',
      },
    })
    expect(elsewhere.status).toBe(403)
    expect((await browser.fetch(`${base}/me`)).status).toBe(200)
  })
})

describe('/docs', () => {
  test('offers a sign-in that returns to it, and sends the same-origin proof with its requests', async () => {
    const script = await (await fetch(`${base}/docs/static/theme/sign-in.js`)).text()
    const link = /'(\/auth\/login[^']*)'/.exec(script)?.[1] ?? ''
    const browser = new Browser()
    const page = await browser.signIn(await browser.open(`${base}${link}`), 'alice')
    expect(page.url).toBe(`${base}/docs`)
    expect(page.text).toContain('swagger-ui')
    const initializer = await (await fetch(`${base}/docs/static/swagger-initializer.js`)).text()
    expect(initializer).toMatch(/["']X-CSRF["']: ["']1["']/)
  })
})
