import type { SessionEngine } from 'cloakwright/session'

/** One service behind one engine, as an adapter would serve it: `/` is public, everything else needs a session. */
export type App = (request: Request) => Promise<Response>

export function toApp(sessions: SessionEngine): App {
  return async (request) => {
    const handled = await sessions.handle(request)
    if (handled !== undefined) return handled
    const session = await sessions.authenticate(request)
    const { pathname, search } = new URL(request.url)
    if (session === undefined && pathname !== '/')
      return (await sessions.challenge(request)) ?? new Response(null, { status: 401 })
    return Response.json({ page: pathname + search, session })
  }
}

/** Follows redirects like a browser, with a cookie jar; URLs of the service lead to `app`, all others to the network. */
export class Browser {
  /** Cookies by host name: ports share them. */
  readonly jar = new Map<string, Map<string, string>>()
  /** Every URL of the last {@link open}, in order. */
  visited: string[] = []
  readonly #apps: Map<string, App>

  constructor(apps: Record<string, App>) {
    this.#apps = new Map(Object.entries(apps))
  }

  /** Opens a page, and follows redirects until there is one, or until a URL starts with `until`. */
  async open(address: string, until?: string): Promise<Response> {
    this.visited = []
    for (let url = address; ; ) {
      this.visited.push(url)
      const response = await this.send(url, {
        headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' },
      })
      const location = response.headers.get('location')
      if (location === null) return response
      url = new URL(location, url).href
      if (until !== undefined && url.startsWith(until)) return response
      if (this.visited.length > 15) throw new Error('Too many redirects')
    }
  }

  /** Sends one request with this browser's cookies, and keeps those of the response. */
  async send(address: string, init: RequestInit = {}): Promise<Response> {
    const url = new URL(address)
    const cookies = this.jar.get(url.hostname) ?? new Map<string, string>()
    this.jar.set(url.hostname, cookies)
    const headers = new Headers(init.headers)
    if (cookies.size > 0)
      headers.set('cookie', Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; '))
    const app = this.#apps.get(url.origin)
    const response = app
      ? await app(new Request(url, { ...init, headers }))
      : await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (/; *Max-Age=0(;|$)/i.test(cookie)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }

  /** The cookies of a host whose names start with this prefix. */
  cookies(hostname: string, prefix = ''): Map<string, string> {
    const all = this.jar.get(hostname) ?? new Map<string, string>()
    return new Map([...all].filter(([name]) => name.startsWith(prefix)))
  }
}
