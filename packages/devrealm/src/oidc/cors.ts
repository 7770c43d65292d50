import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Client } from '../model/index.ts'
import { webOriginsOf } from './clients/index.ts'
import { OidcError } from './errors.ts'

const allowedHeaders =
  'Origin, Access-Control-Request-Method, X-Requested-With, Accept, Access-Control-Request-Headers, DPoP, Content-Type, Authorization'

/** Answers a preflight like Keycloak: allows every origin, because the client is not known yet. */
export function sendPreflight(request: FastifyRequest, reply: FastifyReply, methods: string): FastifyReply {
  if (request.headers.origin !== undefined) {
    allowOrigin(request, reply)
    reply.header('access-control-allow-methods', methods)
    reply.header('access-control-allow-headers', allowedHeaders)
    reply.header('access-control-max-age', '3600')
  }
  return reply.code(200).send()
}

/** Lets any origin read the response: public metadata, and errors before the client is known. */
export function allowOrigin(request: FastifyRequest, reply: FastifyReply, expose?: string): void {
  const { origin } = request.headers
  if (origin === undefined) return
  reply.header('access-control-allow-origin', origin)
  if (expose !== undefined) reply.header('access-control-expose-headers', expose)
  reply.header('access-control-allow-credentials', 'true')
}

/**
 * Lets the client's web origins read the response.
 *
 * @throws {InvalidOrigin} for any other origin
 */
export function allowClientOrigin(
  request: FastifyRequest,
  reply: FastifyReply,
  client: Readonly<Client>,
  base: string,
): void {
  const { origin } = request.headers
  if (origin === undefined) return
  const origins = webOriginsOf(client, base)
  if (!origins.includes('*') && !origins.includes(origin) && origin !== new URL(base).origin) {
    throw new InvalidOrigin()
  }
  allowOrigin(request, reply, 'Access-Control-Allow-Methods')
}

/** 403 `{"error":"Invalid origin"}`, without CORS headers. */
export class InvalidOrigin extends OidcError {
  constructor() {
    super(403, 'Invalid origin')
  }
}
