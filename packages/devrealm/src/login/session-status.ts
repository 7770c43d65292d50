import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { baseUrl, type RealmContext } from '../context/index.ts'
import { endpointRoutes, OidcError, queryOf, webOriginsOf } from '../oidc/index.ts'
import { sessionStatus, thirdPartyCookiesRead, thirdPartyCookiesSet } from '../pages/index.ts'
import type { RealmStore } from '../store/index.ts'

/**
 * Mounts the pages that keycloak-js loads in hidden frames: whether the browser allows cookies there, and whether the session
 * has changed (OpenID Connect Session Management 1.0). Other sites may frame these, unlike all other pages.
 */
export function sessionStatusRoutes(app: FastifyInstance, context: RealmContext): void {
  const { onFramed } = endpointRoutes(app, context)
  const page = (path: string, text: string): void => {
    onFramed(path, async (_context, request, reply) => {
      knownRealm(context, request)
      // Keycloak caches them for its own version's number in the query, and knows no other.
      if (queryOf(request).has('version')) return reply.code(404).send()
      reply.header('cache-control', 'no-cache, must-revalidate, no-transform, no-store')
      return reply.type('text/html;charset=utf-8').send(text)
    })
  }
  page('/protocol/openid-connect/3p-cookies/step1.html', thirdPartyCookiesSet)
  page('/protocol/openid-connect/3p-cookies/step2.html', thirdPartyCookiesRead)
  page('/protocol/openid-connect/login-status-iframe.html', sessionStatus)
  onFramed('/protocol/openid-connect/login-status-iframe.html/init', async (_context, request, reply) =>
    mayAsk(context, request, reply),
  )
}

/** 204 if pages of the origin may ask whether the session has changed, else 403. */
function mayAsk(context: RealmContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const realm = knownRealm(context, request)
  const query = queryOf(request)
  const client = realm.clientByName.get(query.get('client_id') ?? '')
  const origin = query.get('origin')
  if (client?.enabled !== true || origin === undefined) return reply.code(403).send()
  const base = baseUrl(context, request)
  const origins = [...webOriginsOf(client, base), new URL(base).origin]
  return reply.code(origins.includes('*') || origins.includes(origin) ? 204 : 403).send()
}

/** As in Keycloak, a disabled realm has these pages too. @throws {OidcError} 404 */
function knownRealm(context: RealmContext, request: FastifyRequest): RealmStore {
  const realm = context.store.realm((request.params as { realm: string }).realm)
  if (realm === undefined) throw new OidcError(404, 'Realm does not exist')
  return realm
}
