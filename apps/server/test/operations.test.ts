import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Browser } from './support/browser.ts'
import { startServer, type TestServer } from './support/environment.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
})

afterAll(async () => {
  await server?.close()
})

test('/health/live and /health/ready', async () => {
  expect(await (await server.request('/health/live')).json()).toEqual({ status: 'ok' })
  const ready = await server.request('/health/ready')
  expect([ready.status, await ready.json()]).toEqual([
    200,
    { status: 'ok', checks: { database: 'ok', keys: 'ok' } },
  ])
})

test('/metrics counts by route pattern, whatever the path is', async () => {
  await server.request('/notes/some-id')
  await server.request(`/unknown-${Math.random()}`)
  const text = await (await server.request('/metrics')).text()
  expect(text).toContain(
    'http_request_duration_seconds_count{method="GET",route="/notes/:id",status="401"} 1',
  )
  expect(text).toContain('route="none",status="404"')
  expect(text).not.toContain('some-id')
  expect(text).not.toContain('unknown-')
})

test('/docs/json is OpenAPI 3.1 and describes every route of the contract with its authentication', async () => {
  const document = (await (await server.request('/docs/json')).json()) as {
    openapi: string
    paths: Record<string, Record<string, { security?: unknown[]; responses: object }>>
    components: { securitySchemes: object }
  }
  expect(document.openapi).toBe('3.1.0')
  expect(Object.keys(document.paths).toSorted()).toEqual([
    '/admin-data',
    '/admin/revocations',
    '/health/live',
    '/health/ready',
    '/me',
    '/me/sessions',
    '/me/sessions/{id}',
    '/notes',
    '/notes/{id}',
    '/public',
    '/secure-data',
  ])
  expect(Object.keys(document.components.securitySchemes)).toEqual(['bearer', 'session'])
  expect(document.paths['/secure-data']?.['get']?.security).toHaveLength(2)
  expect(document.paths['/public']?.['get']?.security).toBeUndefined()
  expect(Object.keys(document.paths['/admin-data']?.['get']?.responses ?? {})).toEqual(['200', '401', '403'])
})

test('routes for operators and developers do not exist unless they are exposed, as in production', async () => {
  const other = await startServer({}, { exposed: [] })
  try {
    const paths = ['/metrics', '/docs', '/docs/', '/docs/json', '/docs/yaml', '/docs/static/swagger-ui.css']
    const answers = await Promise.all(paths.map((path) => other.request(path)))
    expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 404))
    expect(await answers[0]?.json()).toMatchObject({ status: 404, code: 'NOT_FOUND' })
    expect((await other.request('/health/ready')).status).toBe(200)
    expect(await (await other.request('/')).text()).not.toContain('/docs')
  } finally {
    await other.close()
  }
})

describe('security headers', () => {
  test.each(['/', '/public', '/docs', '/nothing-here'])('%s', async (path) => {
    const { headers } = await server.request(path)
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('content-security-policy')).not.toMatch(/script-src[^;]*'unsafe/)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('same-origin')
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(headers.get('x-powered-by')).toBeNull()
  })

  test('the page has no inline script and no inline style', async () => {
    const page = await (await server.request('/')).text()
    expect(page).not.toMatch(/<script|<style|style=|\son[a-z]+=/i)
  })

  test('forwarded headers from untrusted clients are ignored', async () => {
    const answer = await server.request('/secure-data', {
      headers: { accept: 'text/html', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
    })
    const location = new URL(answer.headers.get('location') ?? '')
    expect(location.searchParams.get('redirect_uri')).toBe(`${server.url}/auth/callback`)
  })
})

test('a user is copied to the database at the first request', async () => {
  await server.request('/secure-data', { token: await server.token('bob') })
  const { sub } = (await (await server.request('/me', { token: await server.token('bob') })).json()) as {
    sub: string
  }
  await vi.waitFor(async () => {
    const rows = await server.users(sub)
    expect(rows).toEqual([{ username: 'bob', email: 'bob@example.com' }])
  })
})

test('no secret, token, password, code or note is ever logged', async () => {
  const browser = new Browser()
  const page = await browser.signIn(await browser.open(`${server.url}/secure-data`), 'alice')
  expect(page.status).toBe(200)
  const callback = new URL(browser.visited.find((url) => url.includes('/auth/callback')) ?? '')
  const token = await server.token('alice')
  const note = 'canary-of-a-note'
  await server.request('/notes', { token, body: { title: note } })
  await server.request('/notes', { token, body: { title: note, unknown: note } })
  await server.request('/notes', { token, body: `{"title":"${note}` })
  await server.request(`/me?access_token=${token}`, { token: `${token.slice(0, -4)}AAAA` })
  await server.request(`/nothing?password=canary-of-a-query`)

  const log = server.log.join('')
  expect(log).toContain('/auth/callback')
  const [header = '', payload = '', signature = ''] = token.split('.')
  const canaries = [
    await server.config.clientSecret(),
    callback.searchParams.get('code') ?? '',
    callback.searchParams.get('state') ?? '',
    browser.sessionCookie(server.url) ?? '',
    `${header}.`,
    payload,
    signature.slice(0, 40),
    note,
    'canary-of-a-query',
    'alice@example.com',
  ]
  for (const canary of canaries) {
    expect(canary.length).toBeGreaterThan(8)
    expect(log).not.toContain(canary)
  }
})
