import { CloakwrightError, createVerifier } from 'cloakwright'
import { memorySessionStore } from 'cloakwright/state'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientId, startProvider, type TestProvider } from '../../session/support/provider.ts'
import { host, publicUrl, sessionCookie, setup } from '../../session/support/setup.ts'
import type { Driver, Service } from '../drivers/types.ts'
import { giveAccessTokens } from '../support/access-tokens.ts'
import { form, type Received, type Sent, send } from './client.ts'
import { routes } from './routes.ts'
import { useWorld } from './world.ts'

/** What browsers send when a user opens a page. */
const navigation = [
  ['accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
  ['accept-language', 'de-AT,de;q=0.9,en;q=0.5'],
  ['sec-fetch-mode', 'navigate'],
  ['sec-fetch-site', 'none'],
] as const

const posted = { method: 'POST', body: 'title=tea' }

/** Pages in place of problems, for browsers only. */
export function testPages(driver: Driver): void {
  const world = useWorld(driver, () => ({ guard: { pages: { name: 'Tea & Shop' } } }))

  test('a refused navigation is a page with status, challenge and id of the refusal', async () => {
    const response = await world.send('/me', { fields: navigation })
    expect(response.status).toBe(401)
    expect(response.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-language': 'de',
      'www-authenticate': 'Bearer realm="shop"',
      'cache-control': 'no-store',
      'content-security-policy': expect.stringMatching(/^default-src 'none'; style-src 'sha256-/),
      vary: 'Accept, Accept-Language',
    })
    expect(response.text).toContain('<title>Bitte melden Sie sich an · Tea &amp; Shop</title>')
    expect(response.text).toContain('<code>CW_TOKEN_MISSING</code>')
    expect(response.text).toMatch(/<code>[\w-]{3,}<\/code>.*<code>CW_/)
    expect(world.logged()).toMatchObject([{ level: 'info', code: 'CW_TOKEN_MISSING' }])
  })

  test.each<[string, Sent]>([
    [
      'fetch of a page',
      { fields: [...navigation.slice(0, 2), ['sec-fetch-mode', 'cors'], ['sec-fetch-site', 'same-origin']] },
    ],
    ['a script of an older kind', { fields: [...navigation, ['x-requested-with', 'XMLHttpRequest']] }],
    ['a client of the API', { fields: [['accept', 'application/json']] }],
    ['curl', { fields: [['accept', '*/*']] }],
    ['a client without a word', {}],
    ['a token', { fields: [...navigation, ['authorization', 'Bearer x']] }],
  ])('%s gets the problem', async (_name, sent) => {
    const response = await world.send('/me', sent)
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json\b/)
    expect(response.headers['vary']).toBeUndefined()
    expect([response.status, response.json()]).toEqual([401, expect.objectContaining({ status: 401 })])
  })

  describe('without the option', () => {
    const plain = useWorld(driver)
    test('a navigation gets the problem', async () => {
      const response = await plain.send('/me', { fields: navigation })
      expect(response.headers['content-type']).toMatch(/^application\/problem\+json\b/)
    })
  })

  describe('with an error format of the application', () => {
    const own = useWorld(driver, () => ({
      guard: { pages: true, formatError: ({ code }) => ({ body: `own ${code}` }) },
    }))
    test('a navigation gets that', async () => {
      const response = await own.send('/me', { fields: navigation })
      expect([response.status, response.text]).toEqual([401, 'own CW_TOKEN_MISSING'])
    })
  })

  describe('with a page of the service’s own', () => {
    let render: (code: string) => string
    const own = useWorld(driver, () => ({
      guard: { pages: { render: ({ details }) => render(details.at(-1)?.value ?? '') } },
    }))
    test('a navigation gets that', async () => {
      render = (code) => `<h1>${code}</h1>`
      const response = await own.send('/me', { fields: navigation })
      expect([response.status, response.text]).toEqual([401, '<h1>CW_TOKEN_MISSING</h1>'])
      expect(response.headers['www-authenticate']).toBe('Bearer realm="shop"')
    })
    test('if it fails, the built-in page, and the log says so', async () => {
      render = () => {
        throw new Error('no template')
      }
      const response = await own.send('/me', { fields: navigation })
      expect([response.status, response.text]).toEqual([401, expect.stringContaining('Bitte melden')])
      expect(own.logged()).toMatchObject([{ level: 'error', code: 'CW_TOKEN_MISSING' }])
    })
  })

  describe('with sessions', () => testWithSessions(driver))
}

function testWithSessions(driver: Driver): void {
  const store = memorySessionStore()
  const { read } = store
  let provider: TestProvider
  let service: Service
  let cookie: string

  beforeAll(async () => {
    provider = await startProvider()
    giveAccessTokens(provider)
    const { sessions, signIn } = setup(provider, { store, pages: { name: 'Shop' } })
    const verifier = createVerifier({ issuer: provider.issuer, audience: clientId })
    service = await driver.start({ guard: { verifier, sessions }, routes })
    cookie = `${sessionCookie}=${(await signIn()).cookies(host).get(sessionCookie) ?? ''}`
  })
  afterAll(async () => {
    await service.close()
    await provider.close()
  })

  const open = (path: string, sent: Sent = {}): Promise<Received> =>
    send(service, path, { ...sent, fields: [...navigation, ['cookie', cookie], ...(sent.fields ?? [])] })

  test('403 offers another account; the pages are those of the sessions', async () => {
    const response = await open('/admin')
    expect(response.status).toBe(403)
    expect(response.text).toContain('<title>Kein Zugriff · Shop</title>')
    expect(response.text).toContain('<a class="button first" href="/">')
    expect(response.text).toContain('href="/auth/logout"')
  })

  test('503 says when to try again', async () => {
    const down = new CloakwrightError('CW_STATE_UNAVAILABLE', 'CANARY', { retryAfter: 5 })
    store.read = () => Promise.reject(down)
    const unknown = ['cookie', `${sessionCookie}=${'x'.repeat(43)}`] as const
    const response = await send(service, '/me', { fields: [...navigation, unknown] })
    store.read = read
    expect([response.status, response.headers['retry-after']]).toEqual([503, '5'])
    expect(response.text).toContain('Zurzeit nicht verfügbar')
    expect(response.text).toContain('<a class="button first" href="">')
    expect(response.text).not.toContain('CANARY')
  })

  test('a form of another site is blocked with a page', async () => {
    const response = await open('/me', { ...posted, fields: [form, ['origin', 'https://evil.example']] })
    expect([response.status, response.text]).toEqual([403, expect.stringContaining('Anfrage abgelehnt')])
    expect(response.headers['content-security-policy']).toContain("form-action 'none'")
  })

  test('a form after the session has ended leads to the login, and back to its page', async () => {
    const fields = [...navigation, form, ['referer', `${publicUrl}/cart`]] as const
    const response = await send(service, '/me', { ...posted, fields })
    expect(response.status).toBe(401)
    expect(response.text).toContain('href="/auth/login?returnTo=%2Fcart"')
  })

  test.runIf(driver.answersErrors)('an error of a handler says nothing about it', async () => {
    const response = await open('/throws')
    expect([response.status, response.text]).toEqual([500, expect.stringContaining('schiefgegangen')])
  })
}
