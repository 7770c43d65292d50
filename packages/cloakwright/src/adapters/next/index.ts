import {
  createGuard,
  createProtect,
  fromWebRequest,
  type GuardedRequest,
  type GuardOptions,
  type LogEntry,
  type Protect,
  toWebResponse,
  webFramework,
} from '../../guard/index.ts'
import { user as anyUser, type Policy } from '../../policy/index.ts'
import type { SessionEngine } from '../../session/index.ts'
import { createServerComponents, type ServerComponents } from './server-components.ts'

export { type ForwardedRequest, type ForwardOptions, forward } from '../../forward/index.ts'
export { sessionOf } from '../../guard/index.ts'
export type { RequiredUser } from './server-components.ts'

/** The options of the adapter. */
export interface CloakwrightOptions<Data = unknown> extends GuardOptions {
  readonly sessions?: SessionEngine<Data> | undefined
  /**
   * Receives each refusal of a route handler or of the proxy, with the exact reason for the log.
   * By default, failures (status 500 and above) are one line each on standard error: code, hint, request id.
   */
  readonly onRefused?: ((entry: LogEntry, request: Request) => void) | undefined
}

/** Guards for each part of an application with the App Router. */
export interface NextGuards<Data = unknown> extends ServerComponents<Data> {
  /** The routes of the sessions, for `app/auth/[...cloakwright]/route.ts`. */
  readonly handlers: {
    readonly GET: RouteHandler
    readonly POST: RouteHandler
    readonly DELETE: RouteHandler
  }
  /** Guards route handlers, by session or bearer token. */
  readonly protect: Protect
  /**
   * A function for `proxy.ts`: it lets requests of users pass whom the policy allows, any verified user by default.
   * Navigations are redirected to the login, everything else is refused. Pages still need {@link requireUser}, since a
   * matcher may miss a page.
   */
  proxy(policy?: Policy): (request: Request) => Promise<Response | undefined>
}

type RouteHandler = (request: Request) => Promise<Response>

/**
 * Creates the guards of a Next.js application (15.5 or 16, App Router). Its modules run on the Node.js runtime only: the
 * edge runtime has no `node:crypto`. Server actions need no more proof
 * of their origin: Next.js itself compares their `Origin` with the host.
 *
 * Next.js evaluates `auth.ts` several times in one process, for pages, routes and proxy. A store in memory must therefore
 * be kept in `globalThis`.
 *
 * @example
 * `auth.ts`:
 * ```ts
 * import { createVerifier } from 'cloakwright'
 * import { cloakwright } from 'cloakwright/next'
 * import { createSessions } from 'cloakwright/session'
 * import { fromPool, postgresSessionStore } from 'cloakwright/state'
 * import pg from 'pg'
 *
 * const issuer = process.env['KEYCLOAK_ISSUER'] ?? ''
 * const sessions = createSessions({
 *   issuer,
 *   clientId: 'shop',
 *   clientSecret: process.env['KEYCLOAK_CLIENT_SECRET'] ?? '',
 *   publicUrl: process.env['PUBLIC_URL'] ?? '',
 *   keys: [{ id: 'k1', key: Buffer.from(process.env['SESSION_KEY'] ?? '', 'base64') }],
 *   store: postgresSessionStore(fromPool(new pg.Pool())),
 * })
 * export const auth = cloakwright({ verifier: createVerifier({ issuer, audience: 'shop' }), sessions })
 *
 * // app/auth/[...cloakwright]/route.ts
 * export const { GET, POST, DELETE } = auth.handlers
 *
 * // app/account/page.tsx
 * export default async function Account() {
 *   const user = await auth.requireUser({ returnTo: '/account' })
 *   return `Hello ${user.username}`
 * }
 *
 * // proxy.ts, or middleware.ts with runtime: 'nodejs' on Next.js 15.5
 * export const proxy = auth.proxy()
 * export const config = { matcher: '/account/:path*' }
 * ```
 */
export function cloakwright<Data = unknown>(options: CloakwrightOptions<Data>): NextGuards<Data> {
  const guard = createGuard(options)
  const protect = createProtect(guard, options.onRefused)
  const answerRoute: RouteHandler = async (request) =>
    (await protect.routes(request)) ?? new Response(null, { status: 404 })
  return {
    handlers: { GET: answerRoute, POST: answerRoute, DELETE: answerRoute },
    protect,
    proxy(policy = anyUser()) {
      return async (request) => {
        const admission = await guard.admit(toProxied(request), { policy, anonymous: false })
        return admission.kind === 'admitted'
          ? undefined
          : toWebResponse(admission, request, options.onRefused)
      }
    },
    ...createServerComponents(guard, options.sessions),
  }
}

/**
 * The call of a server action has the header `Next-Action`, which no form can send: like `X-CSRF`, it proves that a script
 * of this site sent the request.
 */
function toProxied(request: Request): GuardedRequest {
  const guarded = fromWebRequest(request, request, webFramework)
  const { headers } = request
  if (!headers.has('next-action')) return guarded
  return { ...guarded, headers: { get: (name) => (name === 'x-csrf' ? '1' : headers.get(name)) } }
}
