/** Who is signed in, as `GET /auth/session` says. It has no token. */
export interface SessionUser {
  /** The user's id at the realm (`sub`). */
  readonly subject: string
  readonly username?: string
  readonly name?: string
  readonly email?: string
  /** The realm roles of the access token. */
  readonly roles: readonly string[]
  /** Seconds until the session ends if it is not used. */
  readonly expiresIn: number
}

const loginParameters = [
  'prompt',
  'login_hint',
  'kc_idp_hint',
  'acr_values',
  'max_age',
  'ui_locales',
  'kc_action',
] as const

/** What a login asks of the realm, by the names that `/auth/login` accepts. */
export type LoginOptions = {
  /** The path of the page to return to, with query and fragment; the current page by default. */
  readonly returnTo?: string | undefined
} & { readonly [name in (typeof loginParameters)[number]]?: string | number | undefined }

export interface BrowserSessionOptions {
  /** The path of the session routes, as `createSessions` has it; `/auth` by default. */
  readonly basePath?: string | undefined
}

/** The session of the browser, for the code of a page. */
export interface BrowserSession {
  /**
   * Who is signed in; `undefined` if no user is. It asks the service each time, which does not extend the session.
   *
   * @throws {Error} The service cannot tell: `cause` is its response (`code`, `status`). The user may be signed in.
   * @throws {TypeError} The service cannot be reached.
   */
  session(): Promise<SessionUser | undefined>
  /** Leaves the page for the login. */
  login(options?: LoginOptions): void
  /** Leaves the page, and signs out here and at the realm. */
  logout(): void
  /**
   * Like `fetch` of the browser. Requests to this origin that change data get the header `X-CSRF: 1`, and fail if they are
   * redirected to another origin. After a 401, it finds out whether the session has ended.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
  /**
   * Calls back once when the session has ended: by a logout in another tab, by a 401 of {@link BrowserSession.fetch}, or at its
   * timeout. Sessions that were ended elsewhere are noticed when the user returns to the tab. Another user who signs in also
   * ends it. Returns a function that stops it.
   */
  onEnd(listener: () => void): () => void
}

/** The longest delay of a timer, in milliseconds. */
const longestDelay = 2 ** 31 - 1

/**
 * The client of the session routes for a page. It has no dependencies, and may be created where there is no page, for
 * rendering on a server.
 *
 * @throws {TypeError} An invalid `basePath`.
 *
 * @example
 * ```ts
 * import { createBrowserSession } from 'cloakwright/browser'
 *
 * const auth = createBrowserSession()
 * const user = await auth.session()
 * if (user === undefined) auth.login()
 * auth.onEnd(() => auth.login())
 * await auth.fetch('/api/orders', { method: 'POST', body: JSON.stringify({ item: 'tea' }) })
 * ```
 */
export function createBrowserSession({ basePath = '/auth' }: BrowserSessionOptions = {}): BrowserSession {
  if (!/^(?:\/[\w-]+)+$/.test(basePath))
    throw new TypeError(`basePath: not a path such as /auth: ${basePath}`)
  const listeners = new Set<() => void>()
  let channel: BroadcastChannel | undefined
  /** The user of the session: '' if only a 401 tells of a session, `null` once it has ended, `undefined` at first. */
  let subject: string | null | undefined
  let isLeaving = false
  let asked = 0
  let answered = 0
  let checks = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  async function session(): Promise<SessionUser | undefined> {
    const number = ++asked
    const path = `${basePath}/session`
    const response = await fetch(path, { headers: { accept: 'application/json' }, cache: 'no-store' })
    const body = (await response.json().catch(() => undefined)) as SessionUser | undefined
    const user = response.ok && body?.subject ? body : undefined
    if (user === undefined && response.status !== 401)
      throw new Error(`GET ${path}: no session, but status ${response.status}`, { cause: body })
    // A response that was overtaken by a newer one is too old.
    if (number > answered) {
      answered = number
      learn(user)
    }
    return user
  }

  function learn(user: SessionUser | undefined): void {
    const before = subject
    clearTimeout(timer)
    if (user) timer = setTimeout(check, Math.min((user.expiresIn + 1) * 1000, longestDelay))
    // The page of a logout goes: a listener that opens the login would stop it.
    else if (isLeaving) return
    subject = user?.subject ?? null
    if (before == null || before === subject || (before === '' && user)) return
    tabs().postMessage('')
    // Each on its own: an error of one does not stop the others.
    for (const listener of listeners) queueMicrotask(listener)
  }

  /** Asks whether the session has ended, once more if a reason to ask comes up meanwhile. */
  async function check(): Promise<void> {
    if (subject === null || checks++ > 0) return
    do {
      checks = 1
      // Without an answer, the session may still exist.
      await session().catch(() => {})
    } while (checks > 1)
    checks = 0
  }

  /** The other tabs of this origin. A message is only a hint: each tab asks the service itself. */
  function tabs(): BroadcastChannel {
    if (channel === undefined) {
      channel = new BroadcastChannel(`cloakwright ${basePath}`)
      channel.onmessage = check
      document.addEventListener('visibilitychange', () => {
        if (!document.hidden) void check()
      })
    }
    return channel
  }

  return {
    session,
    login({ returnTo = location.pathname + location.search + location.hash, ...others } = {}) {
      const search = new URLSearchParams({ returnTo })
      // Only these: as a listener of a click, the function gets an event.
      for (const name of loginParameters)
        if (others[name] !== undefined) search.set(name, String(others[name]))
      location.assign(`${basePath}/login?${search}`)
    },
    logout() {
      isLeaving = true
      const hide = (): void => {
        isLeaving = false
        tabs().postMessage('')
      }
      // The page is hidden once the response is here: then the session has ended.
      addEventListener('pagehide', hide, { once: true })
      const form = document.createElement('form')
      form.method = 'post'
      form.action = `${basePath}/logout`
      document.body.append(form)
      form.submit()
    },
    async fetch(input, init) {
      let request = new Request(input, init)
      const isOwn = new URL(request.url).origin === location.origin
      if (isOwn && !['GET', 'HEAD', 'OPTIONS'].includes(request.method)) {
        request = new Request(request, { mode: 'same-origin' })
        request.headers.set('x-csrf', '1')
      }
      const response = await fetch(request)
      if (isOwn && response.status === 401) {
        if (subject === undefined) subject = ''
        void check()
      }
      return response
    },
    onEnd(listener) {
      const own = (): void => listener()
      listeners.add(own)
      tabs()
      if (asked === 0) void check()
      return () => void listeners.delete(own)
    },
  }
}
