import { createHash } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CloakwrightError, createVerifier, type ErrorCode, type Page, type PagesOptions } from 'cloakwright'
import { cloakwright, sendProblem } from 'cloakwright/express'
import express from 'express'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})
const verifier = createVerifier({ issuer: 'http://127.0.0.1:9/realms/shop', audience: 'shop-api' })

/** A service that fails as its path says: `/404`, `/CW_LOGIN_STATE`. */
async function start(pages: PagesOptions | true, explain = false) {
  const app = express()
  app.use(cloakwright({ verifier, pages, explain }))
  app.use((request, _response, next) => {
    Object.assign(request, { id: 'id-<1>&"' })
    const what = request.path.slice(1)
    if (what.startsWith('CW_'))
      return next(
        new CloakwrightError(what as ErrorCode, 'The <b>reason</b>', {
          hint: 'The <i>fix</i>',
          retryAfter: 90,
        }),
      )
    next(Object.assign(new Error('<b>detail</b>'), { status: Number(what) }))
  })
  app.use(sendProblem)
  const server = app.listen(0, '127.0.0.1')
  servers.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return async (path: string, language = '') => {
    const headers = { accept: 'text/html', ...(language === '' ? {} : { 'accept-language': language }) }
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      text,
      title: /<h1>(.*)<\/h1>/.exec(text)?.[1],
    }
  }
}

describe('the page of an error', () => {
  let open: Awaited<ReturnType<typeof start>>
  beforeAll(async () => {
    open = await start({ name: 'Tea <& "Shop"' })
    servers.pop()
  })

  it.each([
    ['/400', 400, 'This did not work'],
    ['/401', 401, 'Please sign in'],
    ['/403', 403, 'No access'],
    ['/404', 404, 'Page not found'],
    ['/410', 410, 'Page not found'],
    ['/413', 413, 'This did not work'],
    ['/429', 429, 'Too many requests'],
    ['/500', 500, 'Something went wrong'],
    ['/503', 503, 'Not available right now'],
    ['/CW_FORBIDDEN', 403, 'No access'],
    ['/CW_SESSION_ORIGIN', 403, 'Request blocked'],
    ['/CW_LOGIN_STATE', 400, 'This sign-in is no longer valid'],
    ['/CW_LOGIN_REFUSED', 400, 'You are not signed in'],
    ['/CW_LOGIN_RESPONSE', 400, 'Signing in did not work'],
    ['/CW_PROVIDER_UNAVAILABLE', 503, 'Not available right now'],
    ['/CW_LOGIN_LOOP', 503, 'You were signed out again'],
    ['/CW_CONFIG_INVALID', 500, 'Something went wrong'],
  ])('%s has status %i and says “%s”', async (path, status, title) => {
    const page = await open(path)
    expect([page.status, page.title]).toEqual([status, title])
    expect(page.text).toContain('<html lang="en" dir="ltr">')
    expect(page.text).toContain(`<title>${title} · Tea &lt;&amp; &quot;Shop&quot;</title>`)
    expect(page.text).toContain('<code>id-&lt;1&gt;&amp;&quot;</code>')
    expect(page.text).not.toMatch(/<script|<b>|<i>|reason|fix/)
  })

  it('allows its own style and nothing else', async () => {
    const { headers, text } = await open('/404')
    const [, style = ''] = /<style>([^]*)<\/style>/.exec(text) ?? []
    const hash = createHash('sha256').update(style).digest('base64')
    expect(headers.get('content-security-policy')).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'`,
    )
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('says when to try again, in the language of the reader', async () => {
    expect((await open('/CW_PROVIDER_UNAVAILABLE')).text).toContain('Please try again in 90 seconds.')
    expect((await open('/CW_PROVIDER_UNAVAILABLE', 'fr')).text).toContain('réessayer dans 90 secondes.')
    expect((await open('/503')).text).toContain('Please try again in a few minutes.')
  })

  it.each([
    ['de', 'de'],
    ['de-CH, en;q=0.5', 'de'],
    ['en;q=0.5, fr', 'fr'],
    ['FR-ca', 'fr'],
    ['pt-BR', 'pt'],
    ['ko, *', 'en'],
    ['ko, it;q=0.1', 'it'],
    ['de;q=0, es', 'es'],
    ['de;q=nonsense, ja', 'ja'],
    ['', 'en'],
    [';;,,;q=1', 'en'],
    ['<script>', 'en'],
    [`${'ko,'.repeat(2000)}de`, 'en'],
  ])('Accept-Language %s gets %s', async (header, language) => {
    const { headers, text } = await open('/404', header)
    expect(headers.get('content-language')).toBe(language)
    expect(text).toContain(`<html lang="${language}"`)
  })

  it('of a bad request has its detail, escaped', async () => {
    expect((await open('/422')).text).toContain('<p>&lt;b&gt;detail&lt;/b&gt;</p>')
  })
})

it('a service replaces texts, adds languages and limits them', async () => {
  const messages = {
    en: { notFound: { text: 'Ask <Ann>.' } },
    sv: { notFound: { title: 'Sidan finns inte' }, labels: { start: 'Till startsidan' } },
    ar: { notFound: { title: 'الصفحة غير موجودة' } },
  }
  const open = await start({ messages })
  expect(await open('/404')).toMatchObject({
    title: 'Page not found',
    text: expect.stringContaining('Ask &lt;Ann&gt;.'),
  })
  const swedish = await open('/404', 'sv-SE')
  expect(swedish.title).toBe('Sidan finns inte')
  expect(swedish.text).toContain('Till startsidan')
  expect((await open('/403', 'sv')).title).toBe('No access')
  expect((await open('/404', 'ar')).text).toContain('<html lang="ar" dir="rtl">')
  expect((await open('/404', 'de')).title).toBe('Seite nicht gefunden')

  const german = await start({ languages: ['de', 'pt-BR'] })
  expect((await german('/404', 'en')).title).toBe('Seite nicht gefunden')
  expect((await german('/404', 'pt')).headers.get('content-language')).toBe('pt-BR')
})

it('a style of the service is allowed by its page’s policy', async () => {
  const open = await start({ style: ':root{--accent:#7a1fa2}' })
  const { headers, text } = await open('/404')
  const [, style = ''] = /<style>([^]*)<\/style>/.exec(text) ?? []
  expect(style).toMatch(/--accent:#7a1fa2}$/)
  const hash = createHash('sha256').update(style).digest('base64')
  expect(headers.get('content-security-policy')).toContain(`style-src 'sha256-${hash}'`)
})

describe('a page that the service renders', () => {
  it('gets everything that the built-in one shows', async () => {
    let seen: Page | undefined
    const open = await start({
      name: 'Shop',
      render: (page) => {
        seen = page
        return { body: '<p>own</p>', headers: { 'Content-Security-Policy': "default-src 'self'" } }
      },
    })
    const { status, headers, text } = await open('/CW_PROVIDER_UNAVAILABLE')
    expect([status, text, headers.get('content-security-policy')]).toEqual([
      503,
      '<p>own</p>',
      "default-src 'self'",
    ])
    expect(headers.get('retry-after')).toBe('90')
    expect(seen).toEqual({
      kind: 'unavailable',
      status: 503,
      language: 'en',
      name: 'Shop',
      title: 'Not available right now',
      text: 'This service cannot respond at the moment. Please try again in 90 seconds.',
      actions: [
        { label: 'Try again', url: '', method: 'get' },
        { label: 'Go to the start page', url: '/', method: 'get' },
      ],
      help: 'If you ask for help, include these details:',
      details: [
        { label: 'Request ID', value: 'id-<1>&"' },
        { label: 'Error code', value: 'CW_PROVIDER_UNAVAILABLE' },
      ],
      explanation: [],
    })
  })

  it('cannot be framed, and its forms stay here, unless it says otherwise', async () => {
    const open = await start({ render: () => '<style>h1{color:red}</style>' })
    expect((await open('/404')).headers.get('content-security-policy')).toBe(
      "form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    )
  })

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no template')
      },
    ],
    ['returns nothing', () => undefined],
    ['returns a promise', () => Promise.reject(new Error('no template'))],
    ['returns another body', () => ({ body: 5 })],
    ['sets a cookie', () => ({ body: '', headers: { 'Set-Cookie': 'a=b' } })],
    ['breaks a header', () => ({ body: '', headers: { 'x-a': 'a\r\nb: c' } })],
    ['sets a header that is not a string', () => ({ body: '', headers: { 'x-a': 5 } })],
  ])('and that %s: the built-in page', async (_name, render) => {
    const open = await start({ render: render as () => string })
    const { status, title, headers } = await open('/404')
    expect([status, title]).toEqual([404, 'Page not found'])
    expect(headers.get('content-security-policy')).toContain('style-src')
  })
})

it('in development it explains the refusal, escaped', async () => {
  const open = await start(true, true)
  const { text } = await open('/CW_FORBIDDEN')
  expect(text).toContain('<p>The &lt;b&gt;reason&lt;/b&gt;</p><p>The &lt;i&gt;fix&lt;/i&gt;</p>')
})

it.each<[string, unknown, string]>([
  ['a name that is not a string', { name: 5 }, 'name'],
  ['an unknown language', { languages: ['xx'] }, 'languages'],
  ['no language', { languages: ['not a language'] }, 'languages'],
  ['a style that ends', { style: 'a{}</STYLE><script>' }, 'style'],
  ['render that is no function', { render: '<p>' }, 'render'],
  ['a string', 'Shop', 'pages'],
])('%s is refused when the guard is created', (_name, pages, option) => {
  expect(() => cloakwright({ verifier, pages: pages as PagesOptions })).toThrow(
    expect.objectContaining({ code: 'CW_CONFIG_INVALID', message: expect.stringContaining(option) }),
  )
})
