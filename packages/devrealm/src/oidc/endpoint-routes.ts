import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { RealmContext } from '../context/index.ts'
import { sendPreflight } from './cors.ts'

/** The handlers of one path. */
export type Endpoint = (
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<unknown>

/** Mounts endpoints below the path of every realm, or below another root that names the realm. */
export interface EndpointRoutes {
  readonly on: (methods: string[], path: string, endpoint: Endpoint) => void
  /** A GET that other sites may load in a frame. */
  readonly onFramed: (path: string, endpoint: Endpoint) => void
  /** Answers preflight requests. */
  readonly preflight: (path: string, methods: string) => void
}

const framed: unique symbol = Symbol('framed')
const mayBeFramed: object = { [framed]: true }

/** Whether other sites may load the response in a frame. */
export function isFramed(request: FastifyRequest): boolean {
  return (request.routeOptions.config as { [framed]?: true } | undefined)?.[framed] === true
}

export function endpointRoutes(
  app: FastifyInstance,
  context: RealmContext,
  root = '/realms/:realm',
): EndpointRoutes {
  const on: EndpointRoutes['on'] = (methods, path, endpoint) => {
    app.route({
      method: methods,
      url: root + path,
      handler: (request, reply) => endpoint(context, request, reply),
    })
  }
  const onFramed: EndpointRoutes['onFramed'] = (path, endpoint) => {
    const url = root + path
    app.route({
      method: 'GET',
      url,
      config: mayBeFramed,
      handler: (request, reply) => endpoint(context, request, reply),
    })
    app.options(url, { config: mayBeFramed }, async (_request, reply) =>
      reply.header('allow', 'HEAD, GET, OPTIONS').send(),
    )
  }
  const preflight: EndpointRoutes['preflight'] = (path, methods) => {
    on(['OPTIONS'], path, async (_context, request, reply) => sendPreflight(request, reply, methods))
  }
  return { on, onFramed, preflight }
}
