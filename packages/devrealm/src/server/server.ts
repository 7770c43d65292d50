import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import { adminRoutes } from '../admin/index.ts'
import { baseUrl, type RealmContext } from '../context/index.ts'
import { UnusableKey } from '../crypto/index.ts'
import { loginRoutes } from '../login/index.ts'
import { Form, isFramed, logoutNotices, OidcError, oidcRoutes } from '../oidc/index.ts'
import { sendStartPage } from '../pages/index.ts'
import { type Changes, WriteError } from '../store/index.ts'
import { boundBodies, createBoundedServer } from './connections.ts'
import { healthRoutes } from './health.ts'
import { isLoopbackHost } from './loopback.ts'
import { refuseOddPaths } from './request-path.ts'

/** Keycloak's limit for forms. */
const bodyLimit = 2 * 1024 * 1024

/** The logger of the realm: Fastify's, or none. */
export type Logger = FastifyInstance['log']

/** Builds the HTTP server of all realms. */
export function buildServer(context: RealmContext, logger?: Logger): FastifyInstance {
  const options = {
    bodyLimit,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 },
    forceCloseConnections: true as const,
    serverFactory: createBoundedServer,
    // The server adds its own listener.
    clientErrorHandler: () => {},
  }
  const app: FastifyInstance =
    logger === undefined
      ? Fastify({ ...options, logger: false })
      : Fastify({ ...options, loggerInstance: logger })
  acceptForms(app)
  boundBodies(app)
  refuseForeignHosts(app, context)
  refuseOddPaths(app)
  storeChanges(app, context)
  logoutNotices(app, context)
  secure(app, context)
  answerErrors(app)
  app.get('/', (request, reply) => sendStartPage(reply, context.store.realms(), baseUrl(context, request)))
  healthRoutes(app, context.store)
  oidcRoutes(app, context)
  loginRoutes(app, context)
  app.register(adminRoutes, context)
  return app
}

/** Forms are parsed with all values per name; any other body except JSON is ignored, as in Keycloak. */
function acceptForms(app: FastifyInstance): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => {
      done(null, new Form(new URLSearchParams(body as string)))
    },
  )
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => {
    done(null, undefined)
  })
}

/**
 * Allows only loopback names and the fixed hostname. Otherwise another site could point its own name here (DNS rebinding), and
 * without a fixed hostname the Host becomes the issuer.
 */
function refuseForeignHosts(app: FastifyInstance, context: RealmContext): void {
  const own = context.hostname === undefined ? undefined : new URL(context.hostname).host
  app.addHook('onRequest', async (request, reply) => {
    if (isLoopbackHost(request.host) || request.host === own) return
    await reply.code(400).send({
      error: 'invalid_request',
      error_description: 'This embedded realm accepts loopback host names only',
    })
  })
}

/** Changes are stored before the response, and dropped if the request fails. */
function storeChanges(app: FastifyInstance, { store }: RealmContext): void {
  const collected = new WeakMap<FastifyRequest, Changes>()
  app.addHook('preHandler', (request, _reply, done) => {
    // After the body is read: its events run outside the async context of the request's hooks.
    collected.set(request, store.collect(done))
  })
  app.addHook('onSend', async (request, reply) => {
    const changes = collected.get(request)
    collected.delete(request)
    if (reply.statusCode === 500) changes?.undo()
    else await store.commit(changes)
  })
}

/** Keycloak's security headers. */
function secure(app: FastifyInstance, context: RealmContext): void {
  app.addHook('onSend', async (request, reply, payload) => {
    // Fastify adds a charset, which JSON does not need and Keycloak does not send.
    if (reply.getHeader('content-type') === 'application/json; charset=utf-8') reply.type('application/json')
    const headers = browserHeaders(context, request, reply)
    for (const [name, value] of Object.entries(headers)) {
      // A realm may store any string; a header must be ASCII.
      if (name === 'content-security-policy' && reply.hasHeader(name)) continue
      if (value === '' || !/^[\t\x20-\x7e]+$/.test(value)) continue
      const type = reply.getHeader('content-type')
      if (name === 'content-security-policy' && type !== undefined && !String(type).startsWith('text/html'))
        continue
      reply.header(name, value)
    }
    return payload
  })
}

function browserHeaders(
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Record<string, string> {
  const name = /^\/(?:realms|admin\/realms)\/([^/?]+)/.exec(request.url)?.[1]
  const headers =
    (name === undefined ? undefined : context.store.realm(name))?.info.browserSecurityHeaders ?? {}
  const type = reply.getHeader('content-type')
  const framed = isFramed(request) && type !== 'application/json'
  const framedPolicy = (policy: string): string =>
    type === undefined ? '' : policy.replace(/ *frame-ancestors[^;]*;?/, '')
  const policy =
    headers.contentSecurityPolicy ?? "frame-src 'self'; frame-ancestors 'self'; object-src 'none';"
  return {
    'content-security-policy': framed ? framedPolicy(policy) : policy,
    'referrer-policy': headers.referrerPolicy ?? 'no-referrer',
    'strict-transport-security': headers.strictTransportSecurity ?? 'max-age=31536000; includeSubDomains',
    'x-content-type-options': headers.xContentTypeOptions ?? 'nosniff',
    ...(!framed && { 'x-frame-options': headers.xFrameOptions ?? 'SAMEORIGIN' }),
    'x-robots-tag': headers.xRobotsTag ?? 'none',
  }
}

function answerErrors(app: FastifyInstance): void {
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.replace(/\?.*$/s, '')
    const { method } = request
    const others = ['GET', 'POST', 'PUT', 'DELETE'] as const
    const url = routeOf(path)
    if (
      url !== undefined &&
      others.some((other) => other !== method && app.hasRoute({ method: other, url }))
    ) {
      return reply.code(405).send({ error: 'HTTP 405 Method Not Allowed' })
    }
    const known = /^\/realms\/([^/]+)/.exec(path)
    const error = known === null ? 'Unable to find matching target resource method' : 'HTTP 404 Not Found'
    return reply.code(404).send({ error })
  })
  app.setErrorHandler<FastifyError | OidcError | WriteError>(async (error, request, reply) => {
    if (error instanceof WriteError) {
      request.log.error({ err: error }, 'could not store a change of a realm')
      return reply.code(503).header('retry-after', '5').send({
        error: 'temporarily_unavailable',
        error_description: error.description,
      })
    }
    if (error instanceof UnusableKey) {
      request.log.warn(error.message)
      return sendFailure(reply)
    }
    if (error instanceof OidcError) return reply.code(error.status).send(error.body)
    const status = error.statusCode ?? 500
    if (status === 413) return reply.code(413).send({ error: 'HTTP 413 Request Entity Too Large' })
    if (status < 500)
      return reply
        .code(status)
        .send({ error: 'invalid_request', error_description: 'Cannot read the request' })
    request.log.error({ err: error }, 'a request to the embedded realm failed')
    return sendFailure(reply)
  })
}

function sendFailure(reply: FastifyReply): FastifyReply {
  return reply.code(500).send({
    error: 'unknown_error',
    error_description: 'For more on this error consult the server log.',
  })
}

/** The path in the router's format; `undefined` for a path with the router's pattern characters, which no route has. */
function routeOf(path: string): string | undefined {
  const [, realm, rest = path] = /^(\/realms\/[^/]+)(.*)$/s.exec(path) ?? []
  if (/[^\w./-]/.test(rest)) return undefined
  return (realm === undefined ? rest : `/realms/:realm${rest}`).replace(/\/$/, '')
}
