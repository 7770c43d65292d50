import { validateHeaderName, validateHeaderValue } from 'node:http'
import { isPromise } from '../promise.ts'
import type { RenderedPage, RenderPage } from './options.ts'
import type { Page } from './types.ts'

export type RenderedHeaders = Readonly<Record<string, string>>

/** Calls the service's own `render`, and checks what it returned. */
export function checkRendered(
  render: RenderPage,
  page: Page,
): { readonly body: string; readonly headers: RenderedHeaders } | { readonly failure: unknown } {
  try {
    return checked(render(page))
  } catch (failure) {
    return { failure }
  }
}

function checked(rendered: unknown): { body: string; headers: RenderedHeaders } {
  if (isPromise(rendered)) {
    // Nothing awaits it: a rejection would end the process.
    Promise.resolve(rendered).catch(() => {})
    throw new TypeError('pages.render: returned a promise, but must be synchronous')
  }
  if (typeof rendered === 'string') return { body: rendered, headers: {} }
  const { body, headers = {} } = (rendered ?? {}) as Partial<RenderedPage>
  if (typeof body !== 'string') throw new TypeError('pages.render: returned neither a string nor { body }')
  const fields = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  for (const [name, value] of fields) {
    if (reserved.has(name)) throw new TypeError(`pages.render: headers cannot set ${name}`)
    if (typeof value !== 'string') throw new TypeError(`pages.render: the header ${name} is not a string`)
    validateHeaderName(name)
    validateHeaderValue(name, value)
  }
  return { body, headers: Object.fromEntries(fields) }
}

/** The connection's own headers; a cookie of this page could replace a session's. */
const reserved: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'retry-after',
  'set-cookie',
  'transfer-encoding',
  'www-authenticate',
])
