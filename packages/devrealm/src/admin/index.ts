import type { FastifyInstance } from 'fastify'
import type { RealmContext } from '../context/index.ts'
import { clientPolicyRoutes, clientRoutes, clientScopeRoutes } from './clients/index.ts'
import { AdminError, notFound } from './errors.ts'
import { eventRoutes, eventsOf } from './events/index.ts'
import { authenticationRoutes } from './flows/index.ts'
import { groupRoutes } from './groups/index.ts'
import { createRealmRoute, partialImportRoute } from './import/index.ts'
import {
  attackDetectionRoutes,
  componentRoutes,
  keyRoutes,
  realmRoutes,
  realmSessionRoutes,
  serverInfoRoutes,
} from './realms/index.ts'
import { AdminApi, callerOf, handleError } from './request/index.ts'
import { roleRoutes } from './roles/index.ts'
import { userRoutes } from './users/index.ts'

export { AdminError } from './errors.ts'
export { importRealm, readRealm } from './import/index.ts'
export { describe, leftOutOfRealm, realKeycloak, unusedPartsOf } from './left-out/index.ts'
export type { RealmBody } from './representations/index.ts'

/** Keycloak's Admin REST API below `/admin`, as a Fastify plugin: `app.register(adminRoutes, context)`. */
export async function adminRoutes(app: FastifyInstance, context: RealmContext): Promise<void> {
  // Routes read bodies themselves: Keycloak's error for an invalid one depends on its text.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  app.setErrorHandler(handleError)
  // Before the body is read: a caller without a token cannot fill the memory.
  app.addHook('onRequest', async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') await callerOf(context, request)
  })
  const api = new AdminApi(app, context, eventsOf)
  userRoutes(api)
  roleRoutes(api)
  groupRoutes(api)
  clientRoutes(api)
  clientScopeRoutes(api)
  clientPolicyRoutes(api)
  authenticationRoutes(api)
  realmRoutes(api)
  componentRoutes(api)
  keyRoutes(api)
  realmSessionRoutes(api)
  attackDetectionRoutes(api)
  serverInfoRoutes(api)
  eventRoutes(api)
  createRealmRoute(api)
  partialImportRoute(api)
  unknownPathRoute(api)
}

/** All other paths: 404, in Keycloak's order of checks. */
function unknownPathRoute({ app, context }: AdminApi): void {
  app.route({
    method: ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'],
    url: '/admin/*',
    handler: async (request) => {
      await callerOf(context, request)
      if (request.method === 'PATCH') throw new AdminError(405, { error: 'HTTP 405 Method Not Allowed' })
      const [, name] = /^\/admin\/realms\/([^/?]+)/.exec(request.url) ?? []
      if (name !== undefined && context.store.realm(decodeURIComponent(name)) === undefined) {
        throw notFound('Realm not found.')
      }
      throw notFound()
    },
  })
}
