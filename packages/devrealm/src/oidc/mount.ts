import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { RealmContext } from '../context/index.ts'
import { sendPreflight } from './cors.ts'

/** What answers the requests of one path. */
export type Endpoint = (
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<unknown>

/** Mounts endpoints below every realm's own path. */
export interface RealmRoutes {
  readonly on: (methods: string[], path: string, endpoint: Endpoint) => void
  /** Answers browsers that ask which methods other origins may call. */
  readonly preflight: (path: string, methods: string) => void
}

export function realmRoutes(app: FastifyInstance, context: RealmContext): RealmRoutes {
  const on: RealmRoutes['on'] = (methods, path, endpoint) => {
    app.route({
      method: methods,
      url: `/realms/:realm${path}`,
      handler: (request, reply) => endpoint(context, request, reply),
    })
  }
  const preflight: RealmRoutes['preflight'] = (path, methods) => {
    on(['OPTIONS'], path, async (_context, request, reply) => sendPreflight(request, reply, methods))
  }
  return { on, preflight }
}
