import type { FastifyInstance } from 'fastify'
import type { RealmContext } from '../context/realm-context.ts'
import { WriteError } from '../store/journal.ts'
import { clientScopeRoutes } from './clients/client-scopes.ts'
import { clientRoutes } from './clients/clients.ts'
import { authenticationRoutes } from './flows/authentication.ts'
import { groupRoutes } from './groups/groups.ts'
import { realmRoutes } from './realms/realms.ts'
import { serverInfoRoutes } from './realms/server-info.ts'
import { settingsRoutes } from './realms/settings.ts'
import { wrongType } from './request/body.ts'
import { AdminError, notFound, notStored, unforeseen } from './request/errors.ts'
import { callerOf } from './request/router.ts'
import { roleRoutes } from './roles/roles.ts'
import { userRoutes } from './users/users.ts'

export { importRealm } from './import/import.ts'

/** Keycloak's Admin REST API below `/admin`, as a Fastify plugin: `app.register(adminRoutes, context)`. */
export async function adminRoutes(app: FastifyInstance, context: RealmContext): Promise<void> {
  // Bodies are read by the routes themselves: what Keycloak says about a wrong one depends on its text.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    if (error instanceof WriteError) {
      if (!error.isRefusal) request.log.error({ err: error }, 'a change of a realm could not be stored')
      const { status, body } = notStored(error)
      return reply.code(status).type('application/json').send(JSON.stringify(body))
    }
    if (error instanceof AdminError)
      return reply.code(error.status).type('application/json').send(JSON.stringify(error.body))
    if (error.statusCode !== undefined && error.statusCode < 500) {
      return reply
        .code(error.statusCode)
        .type('application/json')
        .send(JSON.stringify({ error: error.message }))
    }
    // The engine's own limits, of its stack or of a text's length: no input is worth more.
    if (error instanceof RangeError) {
      request.log.warn({ err: error }, 'a request is too large to be handled')
      return reply.code(400).type('application/json').send(JSON.stringify(wrongType().body))
    }
    request.log.error(error)
    return reply.code(500).type('application/json').send(JSON.stringify(unforeseen().body))
  })
  // Before the body is read: whoever has no token fills no memory.
  app.addHook('onRequest', async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') await callerOf(context, request)
  })
  realmRoutes(app, context)
  userRoutes(app, context)
  roleRoutes(app, context)
  groupRoutes(app, context)
  clientRoutes(app, context)
  clientScopeRoutes(app, context)
  authenticationRoutes(app, context)
  settingsRoutes(app, context)
  serverInfoRoutes(app, context)
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
