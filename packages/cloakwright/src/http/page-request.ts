import { isUpgrade } from './upgrade.ts'

/** The parts of a request that tell a browser's navigation from a program's request. */
interface BrowserRequest {
  readonly method: string
  readonly headers: { get(name: string): string | null }
}

/** Whether a browser shows the response as a page: after a link, a form, or a URL that the user typed. */
export function isPageRequest({ method, headers }: BrowserRequest): boolean {
  if (headers.get('authorization') !== null || isUpgrade(method, headers.get('upgrade'))) return false
  // Browsers send both headers; Node's fetch sends only the mode, and requests a page if its Accept header has text/html.
  const mode = headers.get('sec-fetch-site') === null ? null : headers.get('sec-fetch-mode')
  if (mode !== null && mode !== 'navigate') return false
  if (headers.get('x-requested-with') !== null) return false
  return (headers.get('accept') ?? '').toLowerCase().includes('text/html')
}

/** Whether a browser opens a page with this request and can be redirected to a login: a form's data would be lost. */
export function isNavigation(request: BrowserRequest): boolean {
  return request.method === 'GET' && isPageRequest(request)
}
