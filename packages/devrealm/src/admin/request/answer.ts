import type { FastifyReply } from 'fastify'

/** No response body means 204. */
export type Answer = undefined | { status: number; body?: unknown; location?: string; type?: string }

export const ok = (body: unknown, type?: string): Answer => ({ status: 200, body, ...(type && { type }) })
export const created = (location: string): Answer => ({ status: 201, location })

/** Sends the result of a handler with Keycloak's content types. */
export function sendAnswer(reply: FastifyReply, given: Answer): FastifyReply {
  if (given === undefined) return reply.code(204).send()
  // An id may have any characters; a header must be ASCII.
  if (given.location !== undefined) {
    reply.header('location', given.location.replace(/[^\x21-\x7e]+/g, encodeURIComponent))
  }
  reply.code(given.status)
  if (given.body === undefined) return (given.type === undefined ? reply : reply.type(given.type)).send()
  return reply.type(given.type ?? 'application/json;charset=UTF-8').send(JSON.stringify(given.body))
}
