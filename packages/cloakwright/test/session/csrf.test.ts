import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser } from './support/browser.ts'
import { startProvider, type TestProvider } from './support/provider.ts'
import { publicUrl, setup } from './support/setup.ts'

const form = { 'content-type': 'application/x-www-form-urlencoded' }
const json = { 'content-type': 'application/json; charset=utf-8' }
const ours = { origin: publicUrl }
const sameOrigin = { 'sec-fetch-site': 'same-origin' }
const header = { 'x-csrf': '1' }

describe('a request that changes data, with a session', () => {
  let provider: TestProvider
  let browser: Browser
  let context: ReturnType<typeof setup>
  beforeAll(async () => {
    provider = await startProvider()
    context = setup(provider)
    browser = await context.signIn()
  })
  afterAll(() => provider.close())

  const send = async (method: string, headers: Record<string, string>): Promise<unknown> => {
    const cookie = Array.from(browser.cookies('app.example.com'), (pair) => pair.join('=')).join('; ')
    const request = new Request(`${publicUrl}/thing`, { method, headers: { ...headers, cookie } })
    return await context.sessions.authenticate(request).then(
      (session) => (session === undefined ? 'no session' : 'session'),
      (error: { code: string; status: number }) => `${error.code} ${error.status}`,
    )
  }

  it.each<[string, string, Record<string, string>]>([
    ['a form of ours', 'POST', { ...form, ...sameOrigin }],
    ['a form of ours, from an older browser', 'POST', { ...form, ...ours }],
    [
      'a form of ours under a policy that hides the origin',
      'POST',
      { ...form, ...sameOrigin, origin: 'null' },
    ],
    ['an upload of ours', 'POST', { 'content-type': 'multipart/form-data; boundary=x', ...sameOrigin }],
    ['a fetch of ours', 'POST', { ...json, ...sameOrigin, ...header }],
    ['a DELETE of ours', 'DELETE', { ...ours, ...header }],
    ['a GET from anywhere', 'GET', { 'sec-fetch-site': 'cross-site' }],
    ['a HEAD from anywhere', 'HEAD', { 'sec-fetch-site': 'cross-site' }],
  ])('accepts %s', async (_, method, headers) => {
    expect(await send(method, headers)).toBe('session')
  })

  it.each<[string, string, Record<string, string>]>([
    ['a form without a word on where it comes from', 'POST', form],
    [
      'a form of another site',
      'POST',
      { ...form, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    ],
    [
      'a form of a sister host',
      'POST',
      { ...form, 'sec-fetch-site': 'same-site', origin: 'https://x.example.com' },
    ],
    [
      'a form that claims our origin against the browser’s word',
      'POST',
      { ...form, 'sec-fetch-site': 'cross-site', ...ours },
    ],
    ['a form from an older browser elsewhere', 'POST', { ...form, origin: 'https://evil.example' }],
    ['a form with a hidden origin', 'POST', { ...form, origin: 'null' }],
    ['a look-alike origin', 'POST', { ...form, origin: `${publicUrl}.evil.example` }],
    ['our host on another port', 'POST', { ...form, origin: `${publicUrl}:8443` }],
    ['our host in plain http', 'POST', { ...form, origin: publicUrl.replace('https', 'http') }],
    ['JSON without the header', 'POST', { ...json, ...sameOrigin }],
    ['JSON disguised as plain text', 'POST', { 'content-type': 'text/plain', ...sameOrigin }],
    ['a POST without a body or the header', 'POST', sameOrigin],
    ['a DELETE without the header', 'DELETE', { ...sameOrigin, ...form }],
    ['the header alone', 'POST', { ...json, ...header }],
  ])('refuses %s', async (_, method, headers) => {
    expect(await send(method, headers)).toBe('CW_SESSION_ORIGIN 403')
  })

  it('needs no proof without a cookie', async () => {
    const request = new Request(`${publicUrl}/thing`, { method: 'POST' })
    expect(await context.sessions.authenticate(request)).toBeUndefined()
  })
})
