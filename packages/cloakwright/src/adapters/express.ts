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

/** What its functions give, so that a program's own exports can be declared. */
export type { Middleware }

/** What the middleware works with. */
export interface CloakwrightOptions extends GuardOptions {
  /** Hears of each refusal, with the exact reason for the log: Express has no log of its own. */
  readonly onRefused?: ((entry: LogEntry, request: Request) => void) | undefined
}

/**
 * The Express middleware: `app.use` it before the routes that are guarded. It protects nothing by itself; guards do.
 * Body parsers belong before guards, so that a second token in a form is seen. It ends in `never`, so that one which is
 * passed and not called does not compile.
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
    // The path is asked for only where it matters: Express takes the address apart for it.
    if (resource !== undefined && (method === 'GET' || method === 'HEAD') && request.path === resource.path)
      response.set(resource.headers).send(resource.body)
    else next()
  })
}

const guards: Guards<Middleware> = createGuards(toGuard)

/** Lets in requests with a valid access token. */
export const requireUser: Guards<Middleware>['requireUser'] = guards.requireUser
/** Lets in users with **every one** of the realm roles; others get 403. */
export const requireRole: Guards<Middleware>['requireRole'] = guards.requireRole
/** Lets in users with **every one** of that client's roles; others get 403. */
export const requireClientRole: Guards<Middleware>['requireClientRole'] = guards.requireClientRole
/** Lets in tokens with **every one** of the scopes; others get 403 and a challenge that names them (RFC 6750 §3.1). */
export const requireScope: Guards<Middleware>['requireScope'] = guards.requireScope
/** Lets in tokens with **every one** of the audiences, which the verifier's own `audience` lists as well; others get 401. */
export const requireAudience: Guards<Middleware>['requireAudience'] = guards.requireAudience
/** Lets in users whom a policy allows. */
export const requirePolicy: Guards<Middleware>['requirePolicy'] = guards.requirePolicy
/** Makes the user known if the request has credentials, and lets it in without. Bad credentials are still refused. */
export const allowAnonymous: Guards<Middleware>['allowAnonymous'] = guards.allowAnonymous

/**
 * The user whom a guard let in; `undefined` for an anonymous request that {@link allowAnonymous} let in.
 */
export function maybeUserOf(request: IncomingMessage): AccessToken | undefined {
  return (request as Visited)[visitKey]?.user
}

/**
 * The user whom a guard let in.
 *
 * @throws {CW_CONFIG_MISSING} The route has no guard: a mistake in the program.
 */
export function userOf(request: IncomingMessage): AccessToken {
  const user = maybeUserOf(request)
  if (user !== undefined) return user
  throw noGuard('Put requireUser() before the handler.')
}

/**
 * Answers errors as `application/problem+json`, after all routes: `app.use(sendProblem)`. An unexpected error's text
 * stays inside.
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

/** What the middleware and the guards leave on a request. */
interface Visit {
  readonly guard: Guard
  readonly onRefused: CloakwrightOptions['onRefused']
  user: AccessToken | undefined
}

const visitKey: unique symbol = Symbol('cloakwright')

type Visited = Request & { [visitKey]?: Visit }

/** Express brings its own request and response, of which the type {@link Middleware} says nothing. */
function toMiddleware(
  handle: (request: Request, response: Response, next: NextFunction) => void,
): Middleware {
  return handle as Middleware
}

/** Calls on at once, without a promise, whenever the guard answers at once. */
function toGuard(policy: Policy, anonymous: boolean): Middleware {
  return toMiddleware((request, response, next) => {
    const visit = (request as Visited)[visitKey]
    if (visit === undefined)
      return next(notRegistered(policy, 'app.use(cloakwright({ verifier })) before the routes.'))
    const admission = visit.guard.admit(fromIncoming(request, request, bodyAndId), policy, anonymous)
    // oxlint-disable-next-line promise/no-callback-in-promise -- a framework's way to hear of an error
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
