import { expect } from 'vitest'
import type { Browser } from './browser.ts'

/** The headers of a browser that sends a form of a page of the service. */
export const formHeaders: Readonly<Record<string, string>> = {
  accept: 'text/html',
  'content-type': 'application/x-www-form-urlencoded',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'same-origin',
}

/** Sends a form as a browser does. */
export function post(
  browser: Browser,
  url: string,
  body: NonNullable<RequestInit['body']>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return browser.send(url, { method: 'POST', headers: { ...formHeaders, ...headers }, body })
}

/** The page that asks whether to send a saved form. */
export interface SavedFormPage {
  readonly page: Response
  readonly url: string
  readonly html: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
  /** Clicks on its button; does not follow the redirect. */
  send(headers?: Readonly<Record<string, string>>): Promise<Response>
}

/** Follows the response to a form through the login, to the page that asks whether to send it. */
export async function readSavedForm(browser: Browser, refused: Response): Promise<SavedFormPage> {
  expect(refused.status).toBe(303)
  const page = await browser.open(refused.headers.get('location') ?? '')
  const url = browser.visited.at(-1) ?? ''
  const html = await page.text()
  expect([page.status, html]).toEqual([200, expect.stringContaining('<h1>Send your form now?</h1>')])
  const [, action = ''] = /<form method="post" action="([^"]*)"/.exec(html) ?? []
  const inputs = html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)
  const fields = [...inputs].map(([, name = '', value = '']): [string, string] => [
    unescape(name),
    unescape(value),
  ])
  const body = new URLSearchParams(fields).toString()
  return {
    page,
    url,
    html,
    fields,
    body,
    send: (headers) => post(browser, new URL(unescape(action), url).href, body, headers),
  }
}

function unescape(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
}
