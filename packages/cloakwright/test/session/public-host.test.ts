import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Browser, toApp } from './support/browser.ts'
import { startProvider, type TestProvider } from './support/provider.ts'
import { publicUrl, sessionOf, setup } from './support/setup.ts'

let provider: TestProvider
beforeAll(async () => {
  provider = await startProvider()
})
beforeEach(() => provider.reset())
afterAll(() => provider.close())

/** A browser whose service is behind a proxy that replaces the origin of the requests. */
function behindProxy(shown: string, service = publicUrl) {
  const { sessions, errors } = setup(provider, { publicUrl: service })
  const app = toApp(sessions)
  const proxy = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url)
    const body = request.body === null ? null : await request.arrayBuffer()
    return await app(new Request(shown + pathname + search, { ...init(request), body }))
  }
  return { errors, browser: new Browser({ [service]: proxy }) }
}
const init = ({ method, headers }: Request): RequestInit => ({ method, headers })

describe('behind a proxy that does not forward the host', () => {
  it.each([
    'http://127.0.0.1:3000',
    'http://localhost:3000',
    'http://[::1]:3000',
    'http://upstream',
    'http://shop_backend:8080',
    'http://host.invalid',
    'https://www.app.example.com',
  ])('a login ends on the requested page, with one warning (%s)', async (shown) => {
    const { browser, errors } = behindProxy(shown)
    const page = await browser.open(`${publicUrl}/page?x=1`)
    expect(await page.json()).toMatchObject({ page: '/page?x=1', session: { subject: 'sub-alice' } })
    expect(errors).toMatchObject([{ code: 'CW_PROXY_HOST' }])
    expect(errors[0]?.message).toContain(new URL(shown).host)
    expect(errors[0]?.message).toContain(new URL(publicUrl).host)
    browser.jar.clear()
    expect((await browser.open(`${publicUrl}/auth/login?returnTo=/page`)).status).toBe(200)
    expect(await sessionOf(browser)).toBeDefined()
    expect(errors).toHaveLength(1)
  })

  it('also if it sends the service’s own port on loopback', async () => {
    const service = 'http://localhost:8000'
    const { browser, errors } = behindProxy('http://127.0.0.1:8000', service)
    expect(await (await browser.open(`${service}/page`)).json()).toMatchObject({ page: '/page' })
    expect(errors).toMatchObject([{ code: 'CW_PROXY_HOST' }])
  })
})

describe('a proxy that forwards the host', () => {
  it.each([
    ['without TLS', 'http://app.example.com'],
    ['with another port', 'https://app.example.com:8443'],
    ['in capitals', 'https://APP.example.com'],
    ['with a dot at its end', 'https://app.example.com.'],
  ])('%s: no endless redirect', async (_how, shown) => {
    const { browser } = behindProxy(shown)
    expect(await (await browser.open(`${publicUrl}/page`)).json()).toMatchObject({ page: '/page' })
  })

  it.each([
    ['without TLS', 'http://app.example.com'],
    ['with another port', 'https://app.example.com:8443'],
    ['in capitals', 'https://APP.example.com'],
  ])('%s: no warning and no extra redirect', async (_how, shown) => {
    const { browser, errors } = behindProxy(shown)
    await browser.open(`${publicUrl}/page`)
    expect(browser.visited[1]).toContain(`${provider.issuer}/auth`)
    expect(errors).toEqual([])
  })
})

describe('another host name of the service', () => {
  it.each([
    ['http://127.0.0.1:8000', 'http://localhost:8000'],
    ['http://[::1]:8000', 'http://localhost:8000'],
    ['http://localhost:8000', 'http://127.0.0.1:8000'],
    ['https://www.example.com', 'https://example.com'],
    ['https://example.com', 'https://www.example.com'],
  ])('%s is redirected to %s, where the login begins', async (other, service) => {
    const { sessions, errors } = setup(provider, { publicUrl: service })
    const browser = new Browser({ [other]: toApp(sessions), [service]: toApp(sessions) })
    const page = await browser.open(`${other}/page?x=1`)
    expect(await page.json()).toMatchObject({ page: '/page?x=1' })
    expect(browser.visited[1]?.startsWith(`${service}/`)).toBe(true)
    expect(browser.visited.at(-1)).toBe(`${service}/page?x=1`)
    expect(errors).toEqual([])
  })

  it('does not ask for a login again if the user is signed in on the public one', async () => {
    const [service, other] = ['https://example.com', 'https://www.example.com']
    const { sessions } = setup(provider, { publicUrl: service })
    const browser = new Browser({ [other]: toApp(sessions), [service]: toApp(sessions) })
    await browser.open(`${service}/page`)
    provider.down = 'all'
    expect(await (await browser.open(`${other}/page?x=2`)).json()).toMatchObject({ page: '/page?x=2' })
  })
})
