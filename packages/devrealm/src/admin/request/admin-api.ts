import type { FastifyInstance, FastifyRequest, HTTPMethods } from 'fastify'
import type { RealmContext } from '../../context/index.ts'
import { nothing, type Shape } from '../body/index.ts'
import { forbidden, notFound } from '../errors.ts'
import { accessTo } from './access.ts'
import { type Answer, sendAnswer } from './answer.ts'
import type { Call, EventsOf, Handler } from './call.ts'
import type { Need } from './needs.ts'
import { Query } from './query.ts'
import { bodyOf, callerOf, urlOf } from './read-request.ts'

/** The `config` of a route. */
export interface AdminRouteConfig {
  readonly shape: Shape<unknown>
}

/** The registry for routes of the Admin API. */
export class AdminApi {
  readonly app: FastifyInstance
  readonly context: RealmContext
  readonly eventsOf: EventsOf

  constructor(app: FastifyInstance, context: RealmContext, eventsOf: EventsOf) {
    this.app = app
    this.context = context
    this.eventsOf = eventsOf
  }

  /**
   * Routes below one path of a realm, `/users/:userId` for example. `find` looks up the resource of the path before the body is
   * read, like Keycloak's locators.
   */
  resource(path: string): Resource<undefined>
  resource<Found>(path: string, find: (call: Call) => Found): Resource<Found>
  resource(path: string, find: (call: Call) => unknown = () => undefined): Resource<unknown> {
    return new Resource(this, path, find)
  }
}

/** The routes of one resource. Each declares the required role and, unless it is a GET, the shape of its body. */
export class Resource<Found> {
  readonly #api: AdminApi
  readonly #path: string
  readonly #find: (call: Call) => Found

  constructor(api: AdminApi, path: string, find: (call: Call) => Found) {
    this.#api = api
    this.#path = path
    this.#find = find
  }

  /** Routes below this resource; `find` looks up their resource, given the one found above. Default: the same resource. */
  below(path: string): Resource<Found>
  below<Inner>(path: string, find: (call: Call<Found>) => Inner): Resource<Inner>
  below(path: string, find: (call: Call<Found>) => unknown = ({ found }) => found): Resource<unknown> {
    return new Resource(this.#api, this.#path + path, (call) => find({ ...call, found: this.#find(call) }))
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
    const { app, eventsOf } = this.#api
    const route = this.#path + path
    const run = async (request: FastifyRequest): Promise<Answer> => {
      const call = await this.#callOf(request, need, shape)
      if (method === 'GET') return handle(call)
      const events = eventsOf(method, route, call)
      const { answer, record } = await call.store.atomically(async () => {
        const answer = await handle(call)
        return { answer, record: events?.(answer) }
      })
      record?.()
      return answer
    }
    app.route({
      method,
      url: `/admin/realms/:realm${route}`,
      config: { shape } satisfies AdminRouteConfig,
      handler: async (request, reply) => sendAnswer(reply, await run(request)),
    })
  }

  /** Checks a request in Keycloak's order: token, realm, resource, body, then permissions. */
  async #callOf<Body>(request: FastifyRequest, need: Need, shape: Shape<Body>): Promise<Call<Found, Body>> {
    const { context } = this.#api
    const caller = await callerOf(context, request)
    const params = request.params as Record<string, string>
    const realm = context.store.realm(params['realm'] ?? '')
    if (realm === undefined) throw notFound('Realm not found.')
    const call: Call = {
      context,
      store: context.store,
      realm,
      caller,
      access: accessTo(caller, realm),
      params,
      query: new Query(request.query as Record<string, unknown>),
      found: undefined,
      body: undefined,
      request,
      url: urlOf(context, request),
    }
    const found = this.#find(call)
    const body = bodyOf(shape, request)
    if (!need(call.access)) throw forbidden()
    return { ...call, found, body }
  }
}
