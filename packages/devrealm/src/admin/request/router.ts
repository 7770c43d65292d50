import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { baseUrl, type RealmContext } from '../../context/realm-context.ts'
import type { RealmStore } from '../../store/realm-store.ts'
import type { Store } from '../../store/store.ts'
import { eventOf } from '../events/admin-events.ts'
import { type Access, accessTo, type Caller, type Need, readCaller } from './access.ts'
import { readBody, type Shape } from './body.ts'
import { AdminError, forbidden, notFound, unauthorized } from './errors.ts'
import { Query } from './query.ts'

/** One request to a resource of a realm, after everything that Keycloak checks first. */
export interface Call<Found = undefined, Body = undefined> {
  readonly context: RealmContext
  readonly store: Store
  readonly realm: RealmStore
  readonly caller: Caller
  readonly access: Access
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  /** What the family's `find` returned. */
  readonly found: Found
  readonly body: Body
  readonly request: FastifyRequest
  /** The request's absolute URL without its query: new resources are announced below it. */
  readonly url: string
}

/** No answer is 204. */
export type Answer = undefined | { status: number; body?: unknown; location?: string; type?: string }

export type Handler<Found, Body> = (call: Call<Found, Body>) => Answer | Promise<Answer>

/** What a route's `config` tells of it. */
export interface AdminRouteConfig {
  readonly shape: Shape<unknown>
}

/** Accepts whatever body comes and ignores it. */
export const nothing: Shape<undefined> = { name: 'nothing', members: {}, optional: true }

export const ok = (body: unknown, type?: string): Answer => ({ status: 200, body, ...(type && { type }) })
export const created = (location: string): Answer => ({ status: 201, location })

/** Routes below one path; `find` looks the path's resource up, before the body is read, as Keycloak's locators do. */
export class Family<Found> {
  readonly #app: FastifyInstance
  readonly #context: RealmContext
  readonly #path: string
  readonly #find: (call: Call) => Found

  constructor(app: FastifyInstance, context: RealmContext, path: string, find: (call: Call) => Found) {
    this.#app = app
    this.#context = context
    this.#path = `/admin/realms/:realm${path}`
    this.#find = find
  }

  get(path: string, need: Need, handle: Handler<Found, undefined>): void {
    this.#on('GET', path, need, nothing, handle)
  }

  post<Body>(path: string, need: Need, shape: Shape<Body>, handle: Handler<Found, Body>): void {
    this.#on('POST', path, need, shape, handle)
  }

  put<Body>(path: string, need: Need, shape: Shape<Body>, handle: Handler<Found, Body>): void {
    this.#on('PUT', path, need, shape, handle)
  }

  delete<Body>(path: string, need: Need, shape: Shape<Body>, handle: Handler<Found, Body>): void {
    this.#on('DELETE', path, need, shape, handle)
  }

  #on<Body>(
    method: HTTPMethods & string,
    path: string,
    need: Need,
    shape: Shape<Body>,
    handle: Handler<Found, Body>,
  ): void {
    const route = this.#path.slice('/admin/realms/:realm'.length) + path
    const run = async (request: FastifyRequest): Promise<Answer> => {
      const caller = await callerOf(this.#context, request)
      const params = request.params as Record<string, string>
      const realm = this.#context.store.realm(params['realm'] ?? '')
      if (realm === undefined) throw notFound('Realm not found.')
      const call: Call = {
        context: this.#context,
        store: this.#context.store,
        realm,
        caller,
        access: accessTo(caller, realm),
        params,
        query: new Query(request.query as Record<string, unknown>),
        found: undefined,
        body: undefined,
        request,
        url: urlOf(this.#context, request),
      }
      const found = this.#find(call)
      const body = bodyOf(shape, request)
      if (!need(call.access)) throw forbidden()
      const full = { ...call, found, body }
      if (method === 'GET') return handle(full)
      const events = eventOf(method, route, full)
      const { given, tell } = await call.store.atomically(async () => {
        const given = await handle(full)
        return { given, tell: events?.(given) }
      })
      tell?.()
      return given
    }
    this.#app.route({
      method,
      url: this.#path + path,
      config: { shape } satisfies AdminRouteConfig,
      handler: async (request, reply) => answer(reply, await run(request)),
    })
  }
}

/** Where a resource is not part of what the family looks up. */
export const none = (): undefined => undefined

/**
 * Who sends the request.
 *
 * @throws {AdminError} 401
 */
export async function callerOf(context: RealmContext, request: FastifyRequest): Promise<Caller> {
  const [, token] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
  const caller = token === undefined ? undefined : await readCaller(context, request, token)
  if (caller === undefined) throw unauthorized()
  return caller
}

/** The request's body as the shape has it. */
export function bodyOf<Body>(shape: Shape<Body>, request: FastifyRequest): Body {
  if ((shape as Shape<unknown>) === nothing) return undefined as Body
  const type = request.headers['content-type']
  if (type !== undefined && !/^application\/json\b/i.test(type)) {
    throw new AdminError(415, {
      error: 'The content-type header value did not match the value in @Consumes',
    })
  }
  return readBody(shape, typeof request.body === 'string' ? request.body : '')
}

/** The request's absolute URL, without query and trailing slash. */
export function urlOf(context: RealmContext, request: FastifyRequest): string {
  const [path = ''] = request.url.split('?')
  return baseUrl(context, request) + path.replace(/\/+$/, '')
}

/** Sends what a handler returned, in Keycloak's content types. */
export function answer(reply: FastifyReply, given: Answer): FastifyReply {
  if (given === undefined) return reply.code(204).send()
  // An id may be any text; a header is ASCII.
  if (given.location !== undefined) {
    reply.header('location', given.location.replace(/[^\x21-\x7e]+/g, encodeURIComponent))
  }
  reply.code(given.status)
  if (given.body === undefined) return (given.type === undefined ? reply : reply.type(given.type)).send()
  return reply.type(given.type ?? 'application/json;charset=UTF-8').send(JSON.stringify(given.body))
}
