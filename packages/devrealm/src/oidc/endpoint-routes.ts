import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { RealmContext } from '../context/index.ts'
import { sendPreflight } from './cors.ts'

/** The handlers of one path. */
export type Endpoint = (
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<unknown>

/** Mounts endpoints below the path of every realm. */
export interface EndpointRoutes {
  readonly on: (methods: string[], path: string, endpoint: Endpoint) => void
  /** Answers preflight requests. */
  readonly preflight: (path: string, methods: string) => void
}

export function endpointRoutes(app: FastifyInstance, context: RealmContext): EndpointRoutes {
  const on: EndpointRoutes['on'] = (methods, path, endpoint) => {
    app.route({
      method: methods,
      url: `/realms/:realm${path}`,
      handler: (request, reply) => endpoint(context, request, reply),
    })
  }
  const preflight: EndpointRoutes['preflight'] = (path, methods) => {
    on(['OPTIONS'], path, async (_context, request, reply) => sendPreflight(request, reply, methods))
  }
  return { on, preflight }
}
