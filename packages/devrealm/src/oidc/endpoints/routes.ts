import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { issuerOf, type RealmContext } from '../../context/realm-context.ts'
import { authEndpoint } from '../../login/auth-endpoint.ts'
import { loginAction } from '../../login/login-actions.ts'
import { logoutConfirmation, logoutEndpoint } from '../../login/logout.ts'
import { allowOrigin, sendPreflight } from '../cors.ts'
import { realmOf } from '../endpoint.ts'
import { discoveryDocument, keySet, realmDocument } from './discovery.ts'
import { introspectionEndpoint } from './introspection.ts'
import { revocationEndpoint } from './revocation.ts'
import { tokenEndpoint } from './token.ts'
import { userinfoEndpoint } from './userinfo.ts'

type Endpoint = (context: RealmContext, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/** Mounts the OpenID Connect endpoints of every realm. */
export function registerOidc(app: FastifyInstance, context: RealmContext): void {
  const mount = (methods: string[], path: string, endpoint: Endpoint): void => {
    app.route({
      method: methods,
      url: `/realms/:realm${path}`,
      handler: (request, reply) => endpoint(context, request, reply),
    })
  }
  const preflight = (path: string, methods: string): void => {
    mount(['OPTIONS'], path, async (_context, request, reply) => sendPreflight(request, reply, methods))
  }
  const document = (path: string, read: Endpoint): void => {
    mount(['GET'], path, async (_context, request, reply) => {
      const body = await read(context, request, reply)
      allowOrigin(request, reply)
      return body
    })
    preflight(path, 'GET')
  }

  document('', async (_context, request, reply) => {
    const realm = realmOf(context, request)
    reply.header('cache-control', 'no-cache').type('application/json;charset=UTF-8')
    return realmDocument(realm, issuerOf(context, request, realm))
  })
  document('/.well-known/openid-configuration', async (_context, request, reply) => {
    const realm = realmOf(context, request)
    reply.header('cache-control', 'no-cache, must-revalidate, no-transform, no-store')
    return discoveryDocument(realm, issuerOf(context, request, realm))
  })
  document('/protocol/openid-connect/certs', async (_context, request, reply) => {
    reply.header('cache-control', 'no-cache')
    return keySet(realmOf(context, request))
  })

  mount(['GET', 'POST'], '/protocol/openid-connect/auth', authEndpoint)
  mount(['GET', 'POST'], '/login-actions/:action(authenticate|required-action|restart)', loginAction)
  mount(['POST'], '/protocol/openid-connect/token', tokenEndpoint)
  preflight('/protocol/openid-connect/token', 'POST, OPTIONS')
  mount(['POST'], '/protocol/openid-connect/token/introspect', introspectionEndpoint)
  mount(['OPTIONS'], '/protocol/openid-connect/token/introspect', async (_context, _request, reply) =>
    reply.code(200).send(),
  )
  mount(['POST'], '/protocol/openid-connect/revoke', revocationEndpoint)
  preflight('/protocol/openid-connect/revoke', 'POST, OPTIONS')
  mount(['GET', 'POST'], '/protocol/openid-connect/userinfo', userinfoEndpoint)
  preflight('/protocol/openid-connect/userinfo', 'GET, HEAD, OPTIONS')
  mount(['GET', 'POST'], '/protocol/openid-connect/logout', logoutEndpoint)
  mount(['POST'], '/protocol/openid-connect/logout/logout-confirm', logoutConfirmation)
  preflight('/protocol/openid-connect/logout', 'GET, HEAD, OPTIONS')
}
