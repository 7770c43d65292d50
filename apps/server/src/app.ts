import { randomUUID } from 'node:crypto'
import type { DevRealm } from '@cloakwright/devrealm'
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import type { Revocations, Verifier } from 'cloakwright'
import { cloakwright, sendProblem } from 'cloakwright/fastify'
import type { SessionEngine } from 'cloakwright/session'
import fastify, { type FastifyBaseLogger } from 'fastify'
import type { Config } from './config/index.ts'
import { type Database, Notes, Users } from './database/index.ts'
import { type App, docsPage, metrics, openApi, problems, securityHeaders } from './http/index.ts'
import { RequestLog } from './log/index.ts'
import {
  healthRoutes,
  homeRoutes,
  meRoute,
  messageRoutes,
  noteRoutes,
  revocationRoutes,
  sessionRoutes,
} from './routes/index.ts'

/** What the routes need. */
export interface Parts {
  readonly config: Config
  readonly database: Database
  readonly verifier: Verifier
  readonly revocations: Revocations
  readonly sessions: SessionEngine
  readonly logger: FastifyBaseLogger
  /** The embedded realm, if it is used. */
  readonly realm?: Pick<DevRealm, 'isWritable'> | undefined
}

/** Maximum size of a request's body in bytes; four times the longest note. */
const bodyLimitBytes = 256 * 1024

/** Builds the application: first what applies to every request, then the routes. */
export async function createApp(parts: Parts): Promise<App> {
  const { config, database, verifier, sessions, logger } = parts
  const app: App = fastify({
    loggerInstance: logger,
    bodyLimit: bodyLimitBytes,
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    genReqId: () => randomUUID(),
    logController: new RequestLog(),
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply),
  }).withTypeProvider<TypeBoxTypeProvider>()

  app.setValidatorCompiler(TypeBoxValidatorCompiler)
  // The API accepts JSON only; the session engine reads its own forms.
  app.removeContentTypeParser('text/plain')
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id)
    done()
  })
  problems(app)
  await securityHeaders(app, {
    publicUrl: config.publicUrl,
    keycloak: new URL(config.keycloak.server).origin,
  })
  if (config.exposed.includes('metrics')) metrics(app)
  if (config.exposed.includes('docs')) await openApi(app, config.publicUrl, sessions.cookieName)
  // In development, a refusal tells the client the reason; in production only the log has it.
  await app.register(cloakwright, { verifier, sessions, explain: !config.production })

  const users = new Users(database.orm, (err) => logger.warn({ err }, 'could not store a user of the realm'))
  app.addHook('onClose', () => users.settled())
  homeRoutes(app, config)
  messageRoutes(app, users)
  meRoute(app, users, config.keycloak.clientId)
  sessionRoutes(app, sessions)
  noteRoutes(app, new Notes(database.orm), users)
  revocationRoutes(app, parts.revocations, config.keycloak.issuer)
  healthRoutes(app, database, verifier, parts.realm)
  if (config.exposed.includes('docs')) await docsPage(app)
  return app
}
