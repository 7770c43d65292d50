import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import {
  type Admission,
  createGuard,
  createGuards,
  type Guard,
  type GuardOptions,
  type Guards,
  notRegistered,
  type ResourceMetadata,
  refuseSecondToken,
} from '../../guard/index.ts'
import type { Policy } from '../../policy/index.ts'
import { continueWith } from '../../promise.ts'
import type { SessionEngine } from '../../session/index.ts'
import { guardKey, guardOf, sendProblem, sendRefusal } from './problem.ts'
import { type AnyReply, type AnyRequest, isOurs, ours, toGuardedRequest } from './request.ts'
import { mountSessions, sendResponse } from './sessions.ts'
import { decorateUser, maybeUserOf, setUser } from './user.ts'

/** What the plugin works with. */
export interface CloakwrightOptions extends GuardOptions {
  /** Browser login: its routes are mounted, and guards accept its sessions. Without it, bearer tokens only. */
  readonly sessions?: SessionEngine | undefined
  /**
   * The name of the request's property that has the user; `user` by default. With another name read it by
   * {@link userOf} or {@link maybeUserOf}: `request.user` alone is declared.
   */
  readonly property?: string | undefined
}

type Done = (error?: Error) => void

/** A guard: for a route's `onRequest` (or `preHandler`), or `app.addHook('onRequest', …)` for all routes of a scope. */
export type FastifyGuard = (request: AnyRequest, reply: AnyReply, done: (error?: Error) => void) => void

/**
 * The Fastify plugin: register it before the routes that it guards. It protects nothing by itself; guards do.
 *
 * @throws {CW_CONFIG_INVALID} Another plugin already has the request's property for the user.
 * @example
 * ```ts
 * import { createVerifier } from 'cloakwright'
 * import { cloakwright, requireRole, requireUser, userOf } from 'cloakwright/fastify'
 * import Fastify from 'fastify'
 *
 * const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
 * const app = Fastify({ logger: true })
 * await app.register(cloakwright, { verifier })
 *
 * app.get('/me', { onRequest: requireUser() }, (request) => ({ hello: userOf(request).username }))
 * app.get('/admin', { onRequest: requireRole('admin') }, () => ({ welcome: true }))
 * ```
 */
export const cloakwright: FastifyPluginCallback<CloakwrightOptions> = (app, options, done) => {
  const { sessions, property = 'user' } = options
  let guard: Guard
  try {
    guard = createGuard(options, sessions)
    decorateUser(app, property)
  } catch (error) {
    return done(error as Error)
  }
  app.decorate<Guard>(guardKey, guard)
  app.addHook('onRoute', (route) => {
    if (hasForms(route.method)) route.preValidation = [refuseTokenInForm, ...toArray(route.preValidation)]
  })
  // Where the plugin is not awaited, routes are made before it is loaded: a hook of the scope holds for those as well.
  if (hasEarlierForms(app)) app.addHook('preValidation', refuseTokenInForm)
  if (guard.resource !== undefined) publish(app, guard.resource)
  if (sessions !== undefined) mountSessions(app, sessions)
  done()
}
// What fastify-plugin would set: the decorators are the app's, not those of a scope of their own.
Object.assign(cloakwright, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'cloakwright',
  [Symbol.for('plugin-meta')]: { name: 'cloakwright', fastify: '5.x' },
})

const guards: Guards<FastifyGuard> = createGuards(toHook)

/** Lets in requests with a valid access token or, where sessions are given, a live session. */
export const requireUser: Guards<FastifyGuard>['requireUser'] = guards.requireUser
/** Lets in users with **every one** of the realm roles; others get 403. */
export const requireRole: Guards<FastifyGuard>['requireRole'] = guards.requireRole
/** Lets in users with **every one** of that client's roles; others get 403. */
export const requireClientRole: Guards<FastifyGuard>['requireClientRole'] = guards.requireClientRole
/** Lets in tokens with **every one** of the scopes; others get 403 and a challenge that names them (RFC 6750 §3.1). */
export const requireScope: Guards<FastifyGuard>['requireScope'] = guards.requireScope
/** Lets in tokens with **every one** of the audiences, which the verifier's own `audience` lists as well; others get 401. */
export const requireAudience: Guards<FastifyGuard>['requireAudience'] = guards.requireAudience
/** Lets in users whom a policy allows. */
export const requirePolicy: Guards<FastifyGuard>['requirePolicy'] = guards.requirePolicy
/** Sets `request.user` if the request has credentials, and lets it in without. Bad credentials are still refused. */
export const allowAnonymous: Guards<FastifyGuard>['allowAnonymous'] = guards.allowAnonymous

/** Calls back at once, without a promise, whenever the guard answers at once. */
function toHook(policy: Policy, anonymous: boolean): FastifyGuard {
  return (request, reply, done) => {
    const guard = guardOf(request)
    if (guard === undefined)
      return done(
        notRegistered(
          policy,
          'await app.register(cloakwright, { verifier }) before the routes, in the same scope or a scope around them.',
        ),
      )
    const admission = guard.admit(toGuardedRequest(request), policy, anonymous)
    // oxlint-disable-next-line promise/no-callback-in-promise -- a framework's way to hear of an error
    continueWith(admission, proceed, request, reply, done)?.catch(done)
  }
}

function proceed(
  admission: Admission,
  request: AnyRequest,
  reply: AnyReply,
  done: Done,
): Promise<AnyReply> | undefined {
  if (admission.kind === 'admitted') {
    setUser(request, admission.user)
    if (admission.headers !== undefined) reply.headers(admission.headers)
    done()
  } else if (isOurs(request)) done()
  else if (admission.kind === 'refused') sendRefusal(admission, request, reply)
  else {
    if (admission.orphaned) request.log.info(orphaned)
    return sendResponse(admission.response, reply)
  }
  return undefined
}

const orphaned =
  'a session whose tokens are not accepted any more (keys replaced, or revoked): a new login mends it'

/** A form is read after `onRequest` guards have run: a token in it beside the one that was accepted is found here. */
function refuseTokenInForm(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  if (request.body === undefined || maybeUserOf(request) === undefined) return done()
  if (request.headers.authorization === undefined) return done()
  try {
    void refuseSecondToken(toGuardedRequest(request))
    done()
  } catch (error) {
    sendProblem(error, request, reply)
  }
}

/** A route that is only read has no form, and needs no hook that looks for one. */
function hasForms(methods: string | readonly string[]): boolean {
  return toArray(methods).some((method) => method !== 'GET' && method !== 'HEAD')
}

function hasEarlierForms(app: FastifyInstance): boolean {
  // As it prints them: `orders (GET, POST)`.
  return [...app.printRoutes().matchAll(/\(([^()]+)\)/g)].some(([, methods = '']) =>
    hasForms(methods.split(', ')),
  )
}

function toArray<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return []
  return Array.isArray(value) ? (value as readonly T[]) : [value as T]
}

function publish(app: FastifyInstance, resource: ResourceMetadata): void {
  app.route({
    method: 'GET',
    url: resource.path,
    schema: { hide: true } as object,
    config: ours,
    handler: (_request, reply) => reply.headers(resource.headers).send(resource.body),
  })
}
