import type { FastifyInstance } from 'fastify'
import { issuerOf, type RealmContext } from '../../context/index.ts'
import { allowOrigin } from '../cors.ts'
import { realmOf } from '../endpoint.ts'
import { type Endpoint, endpointRoutes } from '../endpoint-routes.ts'
import { leftOutRoutes } from '../left-out.ts'
import { discoveryDocument, keySet, realmDocument } from './discovery.ts'
import { introspectionEndpoint } from './introspection.ts'
import { revocationEndpoint } from './revocation.ts'
import { tokenEndpoint } from './token.ts'
import { userinfoEndpoint } from './userinfo.ts'

/** Mounts the endpoints for applications and resource servers; browser routes are in login/. */
export function oidcRoutes(app: FastifyInstance, context: RealmContext): void {
  const routes = endpointRoutes(app, context)
  const { on, preflight } = routes
  documentRoutes(app, context)
  leftOutRoutes(routes)
  on(['POST'], '/protocol/openid-connect/token', tokenEndpoint)
  preflight('/protocol/openid-connect/token', 'POST, OPTIONS')
  on(['POST'], '/protocol/openid-connect/token/introspect', introspectionEndpoint)
  on(['OPTIONS'], '/protocol/openid-connect/token/introspect', async (_context, _request, reply) =>
    reply.code(200).send(),
  )
  on(['POST'], '/protocol/openid-connect/revoke', revocationEndpoint)
  preflight('/protocol/openid-connect/revoke', 'POST, OPTIONS')
  on(['GET', 'POST'], '/protocol/openid-connect/userinfo', userinfoEndpoint)
  preflight('/protocol/openid-connect/userinfo', 'GET, HEAD, OPTIONS')
}

/** Public endpoints: metadata and keys. */
function documentRoutes(app: FastifyInstance, context: RealmContext): void {
  const routes = endpointRoutes(app, context)
  const document = (path: string, read: Endpoint, { on, preflight } = routes): void => {
    on(['GET'], path, async (_context, request, reply) => {
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
  const metadata: Endpoint = async (_context, request, reply) => {
    const realm = realmOf(context, request)
    reply.header('cache-control', 'no-cache, must-revalidate, no-transform, no-store')
    return discoveryDocument(realm, issuerOf(context, request, realm))
  }
  document('/.well-known/openid-configuration', metadata)
  document('/.well-known/oauth-authorization-server', metadata)
  // Where RFC 8414 section 3.1 puts it.
  document(
    '',
    metadata,
    endpointRoutes(app, context, '/.well-known/oauth-authorization-server/realms/:realm'),
  )
  document('/protocol/openid-connect/certs', async (_context, request, reply) => {
    reply.header('cache-control', 'no-cache')
    return keySet(realmOf(context, request))
  })
}
