import type { IncomingMessage, ServerResponse } from 'node:http'
import type { NextFunction, Request, Response } from 'express'
import {
  type Admission,
  bodyAndId,
  createGuard,
  createGuards,
  fromIncoming,
  type Guard,
  type GuardOptions,
  type Guards,
  type LogEntry,
  type Middleware,
  noGuard,
  notRegistered,
  type Refused,
  sendAnswer,
  unguarded,
} from '../guard/index.ts'
import type { Policy } from '../policy/index.ts'
import { continueWith } from '../promise.ts'
import type { AccessToken } from '../token/index.ts'

/** The return type of its functions, for the declarations of a program's own exports. */
export type { Middleware }

/** The options of the middleware. */
export interface CloakwrightOptions extends GuardOptions {
  /** Receives each refusal, with the exact reason for the log: Express has no log of its own. */
  readonly onRefused?: ((entry: LogEntry, request: Request) => void) | undefined
}

/**
 * The Express middleware: `app.use` it before the routes that have guards. It protects nothing by itself; guards do.
 * Register body parsers before guards, so that a second token in a form is detected. It ends in `never`, so that code which
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
 */
export function cloakwright(options: CloakwrightOptions, ..._none: never[]): Middleware {
  const guard = createGuard(options)
  const { onRefused } = options
  const { resource } = guard
  return toMiddleware((request, response, next) => {
    ;(request as Visited)[visitKey] = { guard, onRefused, user: undefined }
    const { method } = request
    // The path is only read where it matters: Express parses the URL for it.
    if (resource !== undefined && (method === 'GET' || method === 'HEAD') && request.path === resource.path)
      response.set(resource.headers).send(resource.body)
    else next()
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
  const refused = (visit?.guard ?? unguarded).refuse(error, fromIncoming(request, request, bodyAndId))
  sendRefusal(refused, visit, request, response)
}

/** What the middleware and the guards store on a request. */
interface Visit {
  readonly guard: Guard
  readonly onRefused: CloakwrightOptions['onRefused']
  user: AccessToken | undefined
}

const visitKey: unique symbol = Symbol('cloakwright')

type Visited = Request & { [visitKey]?: Visit }

/** Express passes its own request and response, which the type {@link Middleware} does not mention. */
function toMiddleware(
  handle: (request: Request, response: Response, next: NextFunction) => void,
): Middleware {
  return handle as Middleware
}

/** Calls `next` synchronously, without a promise, if the guard decides synchronously. */
function toGuard(policy: Policy, anonymous: boolean): Middleware {
  return toMiddleware((request, response, next) => {
    const visit = (request as Visited)[visitKey]
    if (visit === undefined)
      return next(notRegistered(policy, 'app.use(cloakwright({ verifier })) before the routes.'))
    const admission = visit.guard.admit(fromIncoming(request, request, bodyAndId), policy, anonymous)
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
): undefined {
  if (admission.kind === 'admitted') {
    visit.user = admission.user
    if (admission.headers !== undefined) response.set(admission.headers)
    next()
  } else if (admission.kind === 'refused') sendRefusal(admission, visit, request, response)
  return undefined
}

function sendRefusal(
  { answer, log }: Refused,
  visit: Visit | undefined,
  request: Request,
  response: ServerResponse,
): void {
  visit?.onRefused?.(log, request)
  sendAnswer(answer, response)
}
