import type { IncomingMessage, ServerResponse } from 'node:http'
import type { NextFunction, Request, Response } from 'express'
import { createForwarder, type ForwardOptions, sendForwarded } from '../forward/index.ts'
import {
  type Admission,
  createGuard,
  createGuards,
  frameworkOfNode,
  fromIncoming,
  type Guard,
  type GuardedRequest,
  type GuardOptions,
  type Guards,
  type LogEntry,
  type Middleware,
  noGuard,
  noSessions,
  notRegistered,
  type Redirected,
  type Refused,
  type Rule,
  reportFailure,
  sendAnswer,
  sendResponse,
  serveRoutes,
  unguarded,
} from '../guard/index.ts'
import { continueWith } from '../promise.ts'
import type { Session, SessionEngine } from '../session/index.ts'
import type { AccessToken } from '../token/index.ts'

export type { ForwardedRequest, ForwardOptions } from '../forward/index.ts'
/** The return type of its functions, for the declarations of a program's own exports. */
export type { Middleware }

/** The options of the middleware. */
export interface CloakwrightOptions extends GuardOptions {
  /**
   * Receives each refusal, with the exact reason for the log: Express has no log of its own.
   * By default, failures (status 500 and above) are one line each on standard error: code, hint, request id.
   */
  readonly onRefused?: ((entry: LogEntry, request: Request) => void) | undefined
}

/**
 * The Express middleware: `app.use` it before the routes that have guards. It protects nothing by itself; guards do.
 * Register body parsers before guards, so that a second token in a form is detected. With `sessions`, it serves their
 * routes, wherever body parsers are; behind a proxy, set Express' `trust proxy`. It ends in `never`, so that code which
 * passes it without calling it does not compile.
 *
 * @example
 * ```ts
 * import { createVerifier } from 'cloakwright'
 * import { cloakwright, requireRole, requireUser, userOf } from 'cloakwright/express'
 * import express from 'express'
 *
 * const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
 * const app = express()
 * app.use(cloakwright({ verifier, onRefused: (entry) => console.warn(entry) }))
 *
 * app.get('/me', requireUser(), (request, response) => void response.json({ hello: userOf(request).username }))
 * app.get('/admin', requireRole('admin'), (request, response) => void response.json({ welcome: true }))
 * ```
 * @example
 * With browser login: the guards accept a session or a bearer token, and redirect navigations to the login.
 * ```ts
 * import { createVerifier } from 'cloakwright'
 * import { cloakwright, requireUser, userOf } from 'cloakwright/express'
 * import { createSessions } from 'cloakwright/session'
 * import { memorySessionStore } from 'cloakwright/state'
 * import express from 'express'
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
 * const app = express()
 * app.use(cloakwright({ verifier: createVerifier({ issuer, audience: 'shop' }), sessions }))
 * app.get('/account', requireUser(), (request, response) => void response.send(`Hello ${userOf(request).username}`))
 * ```
 */
export function cloakwright(options: CloakwrightOptions, ..._none: never[]): Middleware {
  const guard = createGuard(options)
  const { onRefused = reportFailure } = options
  const { resource, routes } = guard
  return toMiddleware((request, response, next) => {
    const visit: Visit = { guard, onRefused, user: undefined, session: undefined }
    ;(request as Visited)[visitKey] = visit
    if (routes !== undefined && request.originalUrl.startsWith(routes.prefix))
      void serveRoutes(routes, toGuardedRequest(request), response, next, (entry) =>
        onRefused(entry, request),
      )
    else {
      // The path is only read where it matters: Express parses the URL for it.
      const isResource = resource !== undefined && request.path === resource.path
      const answer = isResource ? resource.answer(request.method) : undefined
      if (answer === undefined) next()
      else sendAnswer(answer, response)
    }
  })
}

const guards: Guards<Middleware> = createGuards(toGuard)

/** Admits requests with a valid access token. */
export const requireUser: Guards<Middleware>['requireUser'] = guards.requireUser
/** Admits users with **every one** of the realm roles; others get 403. */
export const requireRole: Guards<Middleware>['requireRole'] = guards.requireRole
/** Admits users with **every one** of that client's roles; others get 403. */
export const requireClientRole: Guards<Middleware>['requireClientRole'] = guards.requireClientRole
/** Admits tokens with **every one** of the scopes; others get 403 and a challenge that names them (RFC 6750 §3.1). */
export const requireScope: Guards<Middleware>['requireScope'] = guards.requireScope
/** Admits tokens with **every one** of the audiences, which the verifier's own `audience` must list as well; others get 401. */
export const requireAudience: Guards<Middleware>['requireAudience'] = guards.requireAudience
/** Admits users whom a policy allows. */
export const requirePolicy: Guards<Middleware>['requirePolicy'] = guards.requirePolicy
/** Makes the user available if the request has credentials, and admits it without. Invalid credentials are still refused. */
export const allowAnonymous: Guards<Middleware>['allowAnonymous'] = guards.allowAnonymous

/**
 * The user that a guard admitted; `undefined` for an anonymous request that {@link allowAnonymous} admitted.
 */
export function maybeUserOf(request: IncomingMessage): AccessToken | undefined {
  return (request as Visited)[visitKey]?.user
}

/**
 * The user that a guard admitted.
 *
 * @throws {CW_CONFIG_MISSING} The route has no guard: a bug in the program.
 */
export function userOf(request: IncomingMessage): AccessToken {
  const user = maybeUserOf(request)
  if (user !== undefined) return user
  throw noGuard('Put requireUser() before the handler.')
}

/**
 * The browser session that a guard admitted; `undefined` for a bearer token and for an anonymous request.
 *
 * @param _sessions Only for its type: the result has the type of its data.
 */
export function sessionOf<Data = unknown>(
  request: IncomingMessage,
  _sessions?: SessionEngine<Data>,
): Session<Data> | undefined {
  return (request as Visited)[visitKey]?.session as Session<Data> | undefined
}

/**
 * Gets new tokens for the request's session now, so that changed roles take effect without a new login. Resolves to the
 * user with the new roles, which {@link userOf} returns from then on; `undefined` without a session, and if it has ended.
 *
 * @throws {CW_CONFIG_MISSING} There is no `cloakwright({ verifier, sessions })` before the route.
 * @throws {CW_PROVIDER_UNAVAILABLE} The realm cannot be reached; the session keeps its old token.
 * @example
 * ```ts
 * import { refreshSession, requireUser } from 'cloakwright/express'
 * import express from 'express'
 *
 * const app = express()
 * app.post('/become-seller', requireUser(), async (request, response) => {
 *   // … the role was added by the Admin API …
 *   const user = await refreshSession(request)
 *   response.json({ seller: user?.realmRoles.includes('seller') })
 * })
 * ```
 */
export async function refreshSession(request: IncomingMessage): Promise<AccessToken | undefined> {
  const visit = (request as Visited)[visitKey]
  if (visit === undefined) throw noSessions()
  const found = await visit.guard.refreshSession(toGuardedRequest(request as Request))
  if (found?.user === undefined) return undefined
  Object.assign(visit, found)
  return found.user
}

/**
 * Forwards requests to another service, with the access token of the session: the browser has only the cookie. Put it after
 * a guard, and before middleware that reads bodies. Cookies and the headers of proxies are not passed on, in either
 * direction. Forward WebSockets with the function of `cloakwright/websocket`.
 *
 * @throws {CW_CONFIG_INVALID} The upstream is not an http or https URL, or an option is invalid.
 * @example
 * ```ts
 * import { forward, requireUser } from 'cloakwright/express'
 * import express from 'express'
 *
 * export const app = express()
 * app.use('/api', requireUser(), forward('https://api.internal:8443', { prefix: '/api' }))
 * ```
 */
export function forward(upstream: string | URL, options?: ForwardOptions): Middleware {
  const forwarder = createForwarder(upstream, options)
  return toMiddleware((request, response, next) => {
    const visit = (request as Visited)[visitKey]
    const guarded = toGuardedRequest(request, response)
    forwarder
      .send(guarded, visit)
      .then(
        (forwarded) => sendForwarded(forwarded, response),
        (error) => send((visit?.guard ?? unguarded).refuse(error, guarded), visit, request, response),
      )
      // oxlint-disable-next-line promise/no-callback-in-promise -- the framework's way to receive an error
      .catch(next)
  })
}

/**
 * Sends errors as `application/problem+json`; register it after all routes: `app.use(sendProblem)`. The message of an
 * unexpected error is not sent.
 */
export function sendProblem(
  error: unknown,
  incoming: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
): void {
  if (response.headersSent) return next(error)
  const request = incoming as Visited
  const visit = request[visitKey]
  const refused = (visit?.guard ?? unguarded).refuse(error, toGuardedRequest(request))
  void send(refused, visit, request, response)
}

/** What the middleware and the guards store on a request. */
interface Visit {
  readonly guard: Guard
  readonly onRefused: NonNullable<CloakwrightOptions['onRefused']>
  user: AccessToken | undefined
  session: Session | undefined
}

const visitKey: unique symbol = Symbol('cloakwright')

type Visited = Request & { [visitKey]?: Visit }

/** Express passes its own request and response, which the type {@link Middleware} does not mention. */
function toMiddleware(
  handle: (request: Request, response: Response, next: NextFunction) => void,
): Middleware {
  return handle as Middleware
}

function toGuardedRequest(request: Request, response?: ServerResponse): GuardedRequest {
  return fromIncoming(request, request, frameworkOfNode, response)
}

/** Calls `next` synchronously, without a promise, if the guard decides synchronously. */
function toGuard(rule: Rule): Middleware {
  return toMiddleware((request, response, next) => {
    const visit = (request as Visited)[visitKey]
    if (visit === undefined)
      return next(notRegistered(rule.policy, 'app.use(cloakwright({ verifier })) before the routes.'))
    const admission = visit.guard.admit(toGuardedRequest(request, response), rule)
    // oxlint-disable-next-line promise/no-callback-in-promise -- the framework's way to receive an error
    continueWith(admission, proceed, visit, request, response, next)?.catch(next)
  })
}

function proceed(
  admission: Admission,
  visit: Visit,
  request: Request,
  response: Response,
  next: NextFunction,
): Promise<void> | undefined {
  if (admission.kind !== 'admitted') return send(admission, visit, request, response)
  visit.user = admission.user
  visit.session = admission.session
  if (admission.headers !== undefined) response.set(admission.headers)
  next()
  return undefined
}

function send(
  answer: Refused | Redirected,
  visit: Visit | undefined,
  request: Request,
  response: ServerResponse,
): Promise<void> | undefined {
  if (answer.kind === 'redirected') return sendResponse(answer.response, response)
  const { onRefused = reportFailure } = visit ?? {}
  onRefused(answer.log, request)
  sendAnswer(answer.answer, response)
  return undefined
}
