import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context, MiddlewareHandler, Next } from 'hono'
import { createForwarder, type ForwardOptions, toWebForwarded } from '../forward/index.ts'
import {
  type Admission,
  type Admitted,
  createGuard,
  createGuards,
  endable,
  type Framework,
  fromIncoming,
  fromWebRequest,
  type Guard,
  type GuardedRequest,
  type GuardOptions,
  type Guards,
  type LogEntry,
  noGuard,
  noSessions,
  notRegistered,
  type Redirected,
  type Refused,
  type Rule,
  readForm,
  reportFailure,
  type SessionRoutes,
  unguarded,
} from '../guard/index.ts'
import { continueWith } from '../promise.ts'
import type { Session, SessionEngine } from '../session/index.ts'
import type { AccessToken } from '../token/index.ts'

export type { ForwardedRequest, ForwardOptions } from '../forward/index.ts'

/** The options of the middleware. */
export interface CloakwrightOptions extends GuardOptions {
  /**
   * Receives each refusal, with the exact reason for the log: Hono has no log of its own.
   * By default, failures (status 500 and above) are one line each on standard error: code, hint, request id.
   */
  readonly onRefused?: ((entry: LogEntry, context: Context) => void) | undefined
}

/**
 * The Hono middleware: `app.use` it before the routes that have guards. It protects nothing by itself; guards do. With
 * `sessions`, it serves their routes.
 *
 * @example
 * ```ts
 * import { createVerifier } from 'cloakwright'
 * import { cloakwright, requireRole, requireUser, userOf } from 'cloakwright/hono'
 * import { Hono } from 'hono'
 *
 * const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
 * export const app = new Hono()
 * app.use(cloakwright({ verifier, onRefused: (entry) => console.warn(entry) }))
 *
 * app.get('/me', requireUser(), (c) => c.json({ hello: userOf(c).username }))
 * app.get('/admin', requireRole('admin'), (c) => c.json({ welcome: true }))
 * ```
 * @example
 * With browser login: the guards accept a session or a bearer token, and redirect navigations to the login.
 * ```ts
 * import { createVerifier } from 'cloakwright'
 * import { cloakwright, requireUser, userOf } from 'cloakwright/hono'
 * import { createSessions } from 'cloakwright/session'
 * import { memorySessionStore } from 'cloakwright/state'
 * import { Hono } from 'hono'
 *
 * const issuer = 'https://sso.example.com/realms/shop'
 * const sessions = createSessions({
 *   issuer,
 *   clientId: 'shop',
 *   clientSecret: process.env['KEYCLOAK_CLIENT_SECRET'] ?? '',
 *   publicUrl: 'https://shop.example.com',
 *   keys: [{ id: 'k1', key: Buffer.from(process.env['SESSION_KEY'] ?? '', 'base64') }],
 *   store: memorySessionStore(),
 * })
 * export const app = new Hono()
 * app.use(cloakwright({ verifier: createVerifier({ issuer, audience: 'shop' }), sessions }))
 * app.get('/account', requireUser(), (c) => c.text(`Hello ${userOf(c).username}`))
 * ```
 */
export function cloakwright(options: CloakwrightOptions): MiddlewareHandler {
  const guard = createGuard(options)
  const { onRefused = reportFailure } = options
  const { resource, routes } = guard
  // No function here is async: this saves a promise for every request.
  return (c, next) => {
    // Not with c.set(), which makes a Map for each request.
    const visit: Visit = { guard, onRefused, user: undefined, session: undefined }
    ;(c as Visited)[visitKey] = visit
    if (routes !== undefined && c.req.path.startsWith(routes.prefix))
      return answerRoute(routes, visit, c, next)
    const answer = resource?.path === c.req.path ? resource.answer(c.req.method) : undefined
    if (answer === undefined) return next()
    const { status, headers, body } = answer
    return Promise.resolve(new Response(c.req.method === 'GET' ? body : null, { status, headers }))
  }
}

async function answerRoute(
  routes: SessionRoutes,
  visit: Visit,
  c: Context,
  next: Next,
): Promise<Response | void> {
  const answer = await routes.answer(fromWebRequest(c.req.raw, c, framework))
  return answer === undefined ? await next() : toResponse(answer, c, visit)
}

const guards: Guards<MiddlewareHandler> = createGuards(toMiddleware)

/** Admits requests with a valid access token. */
export const requireUser: Guards<MiddlewareHandler>['requireUser'] = guards.requireUser
/** Admits users with **every one** of the realm roles; others get 403. */
export const requireRole: Guards<MiddlewareHandler>['requireRole'] = guards.requireRole
/** Admits users with **every one** of that client's roles; others get 403. */
export const requireClientRole: Guards<MiddlewareHandler>['requireClientRole'] = guards.requireClientRole
/** Admits tokens with **every one** of the scopes; others get 403 and a challenge that names them (RFC 6750 §3.1). */
export const requireScope: Guards<MiddlewareHandler>['requireScope'] = guards.requireScope
/** Admits tokens with **every one** of the audiences, which the verifier's own `audience` must list as well; others get 401. */
export const requireAudience: Guards<MiddlewareHandler>['requireAudience'] = guards.requireAudience
/** Admits users whom a policy allows. */
export const requirePolicy: Guards<MiddlewareHandler>['requirePolicy'] = guards.requirePolicy
/** Makes the user available if the request has credentials, and admits it without. Invalid credentials are still refused. */
export const allowAnonymous: Guards<MiddlewareHandler>['allowAnonymous'] = guards.allowAnonymous

/** The user that a guard admitted; `undefined` for an anonymous request that {@link allowAnonymous} admitted. */
export function maybeUserOf(context: Context): AccessToken | undefined {
  return visitOf(context)?.user
}

/**
 * The user that a guard admitted.
 *
 * @throws {CW_CONFIG_MISSING} The route has no guard: a bug in the program.
 */
export function userOf(context: Context): AccessToken {
  const user = maybeUserOf(context)
  if (user !== undefined) return user
  throw noGuard('Put requireUser() before the handler.')
}

/**
 * The browser session that a guard admitted; `undefined` for a bearer token and for an anonymous request.
 *
 * @param _sessions Only for its type: the result has the type of its data.
 */
export function sessionOf<Data = unknown>(
  context: Context,
  _sessions?: SessionEngine<Data>,
): Session<Data> | undefined {
  return visitOf(context)?.session as Session<Data> | undefined
}

/**
 * Gets new tokens for the request's session now, so that changed roles take effect without a new login. Resolves to the
 * user with the new roles, which {@link userOf} returns from then on; `undefined` without a session, and if it has ended.
 *
 * @throws {CW_CONFIG_MISSING} There is no `cloakwright({ verifier, sessions })` before the route.
 * @throws {CW_PROVIDER_UNAVAILABLE} The realm cannot be reached; the session keeps its old token.
 * @example
 * ```ts
 * import { refreshSession, requireUser } from 'cloakwright/hono'
 * import { Hono } from 'hono'
 *
 * export const app = new Hono()
 * app.post('/become-seller', requireUser(), async (c) => {
 *   // … the role was added by the Admin API …
 *   const user = await refreshSession(c)
 *   return c.json({ seller: user?.realmRoles.includes('seller') })
 * })
 * ```
 */
export async function refreshSession(context: Context): Promise<AccessToken | undefined> {
  const visit = visitOf(context)
  if (visit === undefined) throw noSessions()
  const found = await visit.guard.refreshSession(fromHono(context))
  if (found?.user === undefined) return undefined
  Object.assign(visit, found)
  return found.user
}

/**
 * Forwards requests to another service, with the access token of the session: the browser has only the cookie. Put it after
 * a guard, and before whatever reads bodies. Cookies and the headers of proxies are not passed on, in either direction.
 * Forward WebSockets with the function of `cloakwright/websocket`.
 *
 * @throws {CW_CONFIG_INVALID} The upstream is not an http or https URL, or an option is invalid.
 * @example
 * ```ts
 * import { forward, requireUser } from 'cloakwright/hono'
 * import { Hono } from 'hono'
 *
 * export const app = new Hono()
 * app.all('/api/*', requireUser(), forward('https://api.internal:8443', { prefix: '/api' }))
 * ```
 */
export function forward(
  upstream: string | URL,
  options?: ForwardOptions,
): (context: Context) => Promise<Response> {
  const forwarder = createForwarder(upstream, options)
  return async (c) => {
    const visit = visitOf(c)
    const request = fromHono(c)
    try {
      return toWebForwarded(await forwarder.send(request, visit), request.method)
    } catch (error) {
      return toResponse((visit?.guard ?? unguarded).refuse(error, request), c, visit)
    }
  }
}

/** Sends errors as `application/problem+json`: `app.onError(sendProblem)`. The message of an unexpected error is not sent. */
export function sendProblem(error: unknown, context: Context): Response {
  const visit = visitOf(context)
  return toResponse((visit?.guard ?? unguarded).refuse(error, fromHono(context)), context, visit)
}

/** What the middleware and the guards store on a request. */
interface Visit {
  readonly guard: Guard
  readonly onRefused: NonNullable<CloakwrightOptions['onRefused']>
  user: AccessToken | undefined
  session: Session | undefined
}

/** Shared by all copies of this package: a library with guards may have its own. */
const visitKey: unique symbol = Symbol.for('cloakwright.hono')

type Visited = Context & { [visitKey]?: Visit }

function visitOf(context: Context): Visit | undefined {
  return (context as Visited)[visitKey]
}

function toMiddleware(rule: Rule): MiddlewareHandler {
  return (c, next) => {
    const visit = visitOf(c)
    if (visit === undefined)
      throw notRegistered(rule.policy, 'app.use(cloakwright({ verifier })) before the routes.')
    const request = fromHono(c)
    const admission = visit.guard.admit(request, rule)
    return continueWith(admission, proceed, visit, c, next, request, rule)
  }
}

function proceed(
  admission: Admission,
  visit: Visit,
  c: Context,
  next: Next,
  request: GuardedRequest,
  rule: Rule,
): Promise<Response | void> {
  if (admission.kind !== 'admitted') return Promise.resolve(toResponse(admission, c, visit))
  visit.user = admission.user
  visit.session = admission.session
  if (admission.headers === undefined && request.outgoing !== undefined) return next()
  return next().then(() => finish(admission, visit, c, request, rule))
}

/** Adds the headers of the admission, and lets a stream of events end with its token or session. */
function finish(
  admission: Admitted,
  { guard }: Visit,
  c: Context,
  request: GuardedRequest,
  rule: Rule,
): void {
  for (const [name, value] of Object.entries(admission.headers ?? {})) c.header(name, value)
  // On Node, the guard watches Node's response.
  if (request.outgoing !== undefined) return
  const response = endable(c.res, (open) => guard.watch(open, admission, request, rule))
  if (response !== c.res) c.res = response
}

/** On Node the headers are read as received; elsewhere from the web request. */
function fromHono(c: Context): GuardedRequest {
  const { incoming, outgoing } = (c.env ?? {}) as {
    readonly incoming?: IncomingMessage
    readonly outgoing?: ServerResponse
  }
  return incoming?.rawHeaders === undefined
    ? fromWebRequest(c.req.raw, c, framework)
    : fromIncoming(incoming, c, framework, outgoing)
}

const framework: Framework<Context> = {
  // Hono caches a body that was read with its own methods.
  form: ({ req }) => (req.raw.bodyUsed ? readAgain(req) : readForm(req.raw)),
  // From Hono's own middleware.
  id: (c) => c.get('requestId') as unknown,
  origin: (c) => new URL(c.req.url).origin,
  // Hono trusts no proxy.
  address: (c) =>
    (c.env as { readonly incoming?: IncomingMessage } | undefined)?.incoming?.socket?.remoteAddress,
}

/** Read by Hono as a form, or as something else that can be converted to one. */
async function readAgain(req: Context['req']): Promise<unknown> {
  try {
    return await req.parseBody({ all: true })
  } catch {
    const text = await req.text().catch(() => undefined)
    return text === undefined ? undefined : fieldsOf(new URLSearchParams(text))
  }
}

function fieldsOf(fields: URLSearchParams): Record<string, string | readonly string[]> {
  return Object.fromEntries(
    Array.from(fields, ([name, value]) => {
      const all = fields.getAll(name)
      return [name, all.length === 1 ? value : all]
    }),
  )
}

function toResponse(answer: Refused | Redirected, context: Context, visit: Visit | undefined): Response {
  if (answer.kind === 'redirected') return answer.response
  const { status, headers, body } = answer.answer
  const { onRefused = reportFailure } = visit ?? {}
  onRefused(answer.log, context)
  return new Response(body, { status, headers })
}
