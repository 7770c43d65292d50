import type { IncomingMessage } from 'node:http'
import type { Context, MiddlewareHandler, Next } from 'hono'
import {
  type Admission,
  createGuard,
  createGuards,
  type Framework,
  fromIncoming,
  fromWebRequest,
  type Guard,
  type GuardedRequest,
  type GuardOptions,
  type Guards,
  type LogEntry,
  noGuard,
  notRegistered,
  type Refused,
  readForm,
  unguarded,
} from '../guard/index.ts'
import type { Policy } from '../policy/index.ts'
import { continueWith } from '../promise.ts'
import type { AccessToken } from '../token/index.ts'

/** The options of the middleware. */
export interface CloakwrightOptions extends GuardOptions {
  /** Receives each refusal, with the exact reason for the log: Hono has no log of its own. */
  readonly onRefused?: ((entry: LogEntry, context: Context) => void) | undefined
}

/**
 * The Hono middleware: `app.use` it before the routes that have guards. It protects nothing by itself; guards do.
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
 */
export function cloakwright(options: CloakwrightOptions): MiddlewareHandler {
  const guard = createGuard(options)
  const { onRefused } = options
  const { resource } = guard
  // No function here is async: this saves a promise for every request.
  return (c, next) => {
    // Not with c.set(), which makes a Map for each request.
    ;(c as Visited)[visitKey] = { guard, onRefused, user: undefined }
    // Hono handles HEAD as GET, and drops the body.
    if (resource?.path === c.req.path && (c.req.method === 'GET' || c.req.method === 'HEAD'))
      return Promise.resolve(c.body(resource.body, 200, resource.headers))
    return next()
  }
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

/** Sends errors as `application/problem+json`: `app.onError(sendProblem)`. The message of an unexpected error is not sent. */
export function sendProblem(error: unknown, context: Context): Response {
  const visit = visitOf(context)
  return toResponse((visit?.guard ?? unguarded).refuse(error, fromHono(context)), context, visit)
}

/** What the middleware and the guards store on a request. */
interface Visit {
  readonly guard: Guard
  readonly onRefused: CloakwrightOptions['onRefused']
  user: AccessToken | undefined
}

/** Shared by all copies of this package: a library with guards may have its own. */
const visitKey: unique symbol = Symbol.for('cloakwright.hono')

type Visited = Context & { [visitKey]?: Visit }

function visitOf(context: Context): Visit | undefined {
  return (context as Visited)[visitKey]
}

function toMiddleware(policy: Policy, anonymous: boolean): MiddlewareHandler {
  return (c, next) => {
    const visit = visitOf(c)
    if (visit === undefined)
      throw notRegistered(policy, 'app.use(cloakwright({ verifier })) before the routes.')
    const admission = visit.guard.admit(fromHono(c), policy, anonymous)
    return continueWith(admission, proceed, visit, c, next)
  }
}

function proceed(admission: Admission, visit: Visit, c: Context, next: Next): Promise<Response | void> {
  if (admission.kind === 'refused') return Promise.resolve(toResponse(admission, c, visit))
  if (admission.kind === 'redirected') return Promise.resolve(admission.response)
  visit.user = admission.user
  const { headers } = admission
  if (headers === undefined) return next()
  return next().then(() => {
    for (const [name, value] of Object.entries(headers)) c.header(name, value)
  })
}

/** On Node the headers are read as received; elsewhere from the web request. */
function fromHono(c: Context): GuardedRequest {
  const incoming = (c.env as { readonly incoming?: IncomingMessage } | undefined)?.incoming
  return incoming?.rawHeaders === undefined
    ? fromWebRequest(c.req.raw, c, framework)
    : fromIncoming(incoming, c, framework)
}

const framework: Framework<Context> = {
  // Hono caches a body that was read with its own methods.
  form: ({ req }) => (req.raw.bodyUsed ? req.parseBody().catch(() => undefined) : readForm(req.raw)),
  // From Hono's own middleware.
  id: (c) => c.get('requestId') as unknown,
}

function toResponse({ answer, log }: Refused, context: Context, visit: Visit | undefined): Response {
  visit?.onRefused?.(log, context)
  return new Response(answer.body, { status: answer.status, headers: answer.headers })
}
