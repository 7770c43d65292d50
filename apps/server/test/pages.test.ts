import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from './support/browser.ts'
import { startServer, type TestServer } from './support/environment.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(async () => {
  await server?.close()
})

type Line = Record<string, unknown>
const lines = (message: string): Line[] =>
  server.log.map((line) => JSON.parse(line) as Line).filter(({ msg }) => msg === message)

describe('a browser', () => {
  test('that may not open a page sees why, and can sign out', async () => {
    const browser = new Browser()
    await browser.signIn(await browser.open(`${server.url}/auth/login`), 'bob')
    const page = await browser.open(`${server.url}/admin-data`)
    expect([page.status, page.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8'])
    expect(page.text).toContain('<title>No access · Cloakwright</title>')
    expect(page.text).toContain('href="/auth/logout"')
    expect(page.headers.get('content-security-policy')).toContain("style-src 'sha256-")
    expect(page.text).toContain(page.headers.get('x-request-id') ?? expect.unreachable())
  })

  test.each(['/nothing-here', '/notes/../nothing', '/docs/nothing', '/auth/nothing'])(
    'that opens %s gets a page',
    async (path) => {
      const page = await new Browser().open(server.url + path)
      expect([page.status, page.text]).toEqual([404, expect.stringContaining('<h1>Page not found</h1>')])
    },
  )

  test.each(['/nothing-here', '/admin-data'])('fetch and programs get JSON from %s', async (path) => {
    for (const headers of [{ accept: 'application/json' }, { accept: '*/*' }, {}])
      expect((await server.request(path, { headers })).headers.get('content-type')).toBe(
        'application/problem+json',
      )
  })
})

describe('a failed login', () => {
  test.each(['invalid_scope', 'access_denied'])(
    'with %s leaves a log line with the next step and the id on the page',
    async (error) => {
      server.log.length = 0
      const browser = new Browser()
      const login = await browser.open(`${server.url}/secure-data`)
      const query = new URLSearchParams({
        error,
        error_description: 'Invalid scopes: openid shop',
        state: new URL(login.url).searchParams.get('state') ?? '',
        iss: server.config.keycloak.issuer,
      })
      const page = await browser.open(`${server.url}/auth/callback?${query.toString()}`)
      expect([page.status, page.text]).toEqual([
        400,
        expect.stringContaining('<h1>You are not signed in</h1>'),
      ])
      const id = page.headers.get('x-request-id') ?? expect.unreachable()
      expect(page.text).toContain(`<code>${id}</code>`)
      const [line, ...more] = lines('a login or logout failed')
      expect(more).toEqual([])
      expect(line).toMatchObject({
        reqId: id,
        err: { code: 'CW_LOGIN_REFUSED', hint: expect.stringMatching(/\w/) },
      })
    },
  )
})

describe('a request that Node cannot read', () => {
  const sendRaw = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let received = ''
      const socket = connect(server.config.port, '127.0.0.1', () => socket.write(text))
      socket.on('data', (chunk) => (received += String(chunk)))
      socket.on('error', reject)
      socket.on('close', () => resolve(received))
    })

  test('because of a token with too many roles: 431, and a log line with the limit and how to raise it', async () => {
    server.log.length = 0
    const token = 'CANARY'.repeat(4000)
    const answer = await sendRaw(
      `GET /me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 431 /)
    expect(answer).toContain('application/problem+json')
    const found = lines('refused a request with too large headers')
    expect(found).toMatchObject([
      { level: 40, maxHeaderSize: 16_384, hint: expect.stringContaining('--max-http-header-size') },
    ])
    expect(server.log.join('')).not.toMatch(/CANARY|127\.0\.0\.1/)
  })

  test('for another reason: 400, without a log line of its own', async () => {
    server.log.length = 0
    expect(await sendRaw('NOT HTTP\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
    expect(server.log).toEqual([])
  })
})
