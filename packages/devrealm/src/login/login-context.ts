import type { FastifyReply, FastifyRequest } from 'fastify'
import { issuerOf, type RealmContext } from '../context/index.ts'
import { realmOf } from '../oidc/index.ts'
import { type Html, sendErrorPage, sendPage } from '../pages/index.ts'
import type { RealmStore } from '../store/index.ts'

/** A login or logout request of a browser. */
export interface LoginContext {
  readonly context: RealmContext
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly realm: RealmStore
}

/** @throws {OidcError} 404 for an unknown realm */
export function loginContext(
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
): LoginContext {
  return { context, request, reply, realm: realmOf(context, request) }
}

/** The issuer of the realm that the browser logs in to. */
export function loginIssuer({ context, request, realm }: LoginContext): string {
  return issuerOf(context, request, realm)
}

/** Pages and redirects of a login must not be cached. */
export function forbidStoring({ reply }: LoginContext): void {
  reply.header('cache-control', 'no-store, must-revalidate, max-age=0')
}

export function sendLoginPage(
  { reply, realm }: LoginContext,
  page: { title: string; body: Html },
): FastifyReply {
  return sendPage(reply, realm.info, page)
}

export function sendLoginError({ reply, realm }: LoginContext, message: string, status = 400): FastifyReply {
  return sendErrorPage(reply, realm.info, status, message)
}

export function redirect({ reply }: LoginContext, location: string): FastifyReply {
  return reply.code(302).header('location', location).send()
}
