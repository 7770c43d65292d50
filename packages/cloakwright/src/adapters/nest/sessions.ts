import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpServer } from '@nestjs/common'
import { type Guard, serveRoutes } from '../../guard/index.ts'
import { logRefusal } from './refusal.ts'
import { toGuardedRequest } from './request.ts'

/**
 * Serves the routes of the session engine as a middleware of the platform. On Fastify, that is Node's own request, with
 * protocol and host as Fastify knows them, before its body is read.
 */
export function mountRoutes(platform: HttpServer, { routes }: Guard): void {
  if (routes === undefined) return
  platform.use((request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => {
    const guarded = toGuardedRequest(request, request)
    if (guarded.target.startsWith(routes.prefix))
      void serveRoutes(routes, guarded, response, next, logRefusal)
    else next()
  })
}
