import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import {
  type Answer,
  createGuard,
  type Guard,
  type GuardOptions,
  type ResourceMetadata,
  refuseSecondToken,
} from '../../guard/index.ts'
import { forwardBeforeParsing } from './forward.ts'
import { sendProblem } from './problem.ts'
import { guardKey, ours, toGuardedRequest } from './request.ts'
import { mountSessions } from './sessions.ts'
import { decorateUser, maybeUserOf } from './user.ts'

/** The options of the plugin. */
export interface CloakwrightOptions extends GuardOptions {
  /**
   * The name of the request's property for the user; `user` by default. With another name, read it with
   * {@link userOf} or {@link maybeUserOf}: only `request.user` is declared.
   */
  readonly property?: string | undefined
}

/**
 * The Fastify plugin: register it before the routes that have guards. It protects nothing by itself; guards do.
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
  const { property = 'user' } = options
  let guard: Guard
  try {
    guard = createGuard(options)
    decorateUser(app, property)
  } catch (error) {
    return done(error as Error)
  }
  app.decorate<Guard>(guardKey, guard)
  app.addHook('onRoute', (route) => {
    const forward = forwardBeforeParsing(route.handler)
    if (forward !== undefined) route.onRequest = [...toArray(route.onRequest), forward]
    if (hasForms(route.method)) route.preValidation = [refuseTokenInForm, ...toArray(route.preValidation)]
  })
  // If the plugin is not awaited, routes are created before it is loaded: a hook of the scope applies to those as well.
  if (hasEarlierForms(app)) app.addHook('preValidation', refuseTokenInForm)
  if (guard.resource !== undefined) publish(app, guard.resource)
  if (guard.routes !== undefined) mountSessions(app, guard.routes)
  done()
}
// What fastify-plugin would set: the decorators belong to the app, not to an inner scope.
Object.assign(cloakwright, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'cloakwright',
  [Symbol.for('plugin-meta')]: { name: 'cloakwright', fastify: '5.x' },
})

/** A form is read after `onRequest` guards have run: a token in it, in addition to the accepted one, is detected here. */
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

/** A read-only route has no form, and needs no hook that checks it. */
function hasForms(methods: string | readonly string[]): boolean {
  return toArray(methods).some((method) => method !== 'GET' && method !== 'HEAD')
}

function hasEarlierForms(app: FastifyInstance): boolean {
  // In its format: `orders (GET, POST)`.
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
    method: ['GET', 'HEAD', 'OPTIONS'],
    url: resource.path,
    exposeHeadRoute: false,
    schema: { hide: true } as object,
    config: ours,
    handler: (request, reply) => {
      const { status, headers, body } = resource.answer(request.method) as Answer
      return reply.code(status).headers(headers).send(body)
    },
  })
}
