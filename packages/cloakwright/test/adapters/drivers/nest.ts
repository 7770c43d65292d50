import type { AddressInfo } from 'node:net'
import type { INestApplication, LoggerService, NestApplicationOptions } from '@nestjs/common'
import type * as CloakwrightNest from 'cloakwright/nest'
import type { FastifyInstance } from 'fastify'
import { Observable } from 'rxjs'
import {
  canary,
  countVisit,
  type Driver,
  guardsOf,
  type Logged,
  type Route,
  type ServiceOptions,
} from './types.ts'

/**
 * The modules that the driver uses, so that it runs on any version of Nest: `cloakwright/nest` must resolve
 * the same `@nestjs/common` and `@nestjs/core`.
 */
export interface NestModules {
  readonly common: typeof import('@nestjs/common')
  readonly core: typeof import('@nestjs/core')
  readonly cloakwright: typeof CloakwrightNest
  /** Creates the application: with `new FastifyAdapter()`, or with Nest's default, Express. */
  readonly create: (root: object, options: NestApplicationOptions) => Promise<INestApplication>
}

/** How Nest reads bodies. */
const readers: Readonly<Record<string, NestApplicationOptions>> = {
  'the parsers of Nest': {},
  'the parsers of Nest, which keep the bytes': { rawBody: true },
  nothing: { bodyParser: false },
}

export function nestDriver(name: string, { common, cloakwright, create }: NestModules): Driver {
  const logs: Logged[] = []
  return {
    name,
    // Nest's own filter handles exceptions that are not an HttpException; the module is all that is registered.
    answersErrors: false,
    registers: false,
    knowsConnection: true,
    bodyReaders: Object.keys(readers),
    hasCors: true,
    writesFailures: false,
    logs,
    async start({ guard, routes, mounted = [], forwarded, bodyReader, cors = false }) {
      if (guard === undefined) throw new Error('decorators do not work without the module')
      class Root {}
      common.Module({
        imports: [cloakwright.CloakwrightModule.forRoot(guard)],
        controllers: [
          makeController({ common, cloakwright }, '', routes),
          makeController({ common, cloakwright }, 'mounted', mounted),
          ...(forwarded === undefined ? [] : [makeForwarder({ common, cloakwright }, forwarded)]),
        ],
      })(Root)
      const reader = readers[bodyReader ?? (forwarded === undefined ? '' : 'nothing')]
      const app = await create(Root, { logger: toLogger(logs), cors, ...reader })
      if (forwarded !== undefined && bodyReader === undefined) leaveBodies(app)
      await app.listen(0, '127.0.0.1')
      return {
        port: (app.getHttpServer() as { address(): AddressInfo }).address().port,
        close: () => app.close(),
      }
    },
  }
}

/** Nest's log as a list, without its own lines about modules and routes. */
export function toLogger(logs: Logged[]): LoggerService {
  const write =
    (level: Logged['level']) =>
    (message: unknown): void => {
      if (typeof message === 'object') logs.push({ ...(message as Logged), level })
    }
  return { log: write('info'), warn: write('warn'), error: write('error') }
}

/** A controller like a class with decorated methods; decorators are applied as functions. */
function makeController(
  { common, cloakwright }: Pick<NestModules, 'common' | 'cloakwright'>,
  prefix: string,
  routes: readonly Route[],
): new () => object {
  class Routes {}
  for (const [index, route] of routes.entries()) {
    const { path, handler } = route
    const name = `route${index}`
    const method = (
      request: { readonly body: unknown },
      user: { username?: string } | undefined,
    ): unknown => {
      switch (handler) {
        case 'ok':
          return { ok: true }
        case 'user':
          return { user: cloakwright.userOf(request).username }
        case 'maybe-user':
          return { user: user?.username ?? null }
        case 'form':
          return { title: (request.body as { title: string }).title }
        case 'session':
          return { since: cloakwright.sessionOf(request)?.createdAt ?? null }
        case 'data':
          return countVisit(cloakwright.sessionOf(request))
        case 'refresh':
          return cloakwright.refreshSession(request).then(() => ({
            roles: cloakwright.userOf(request).realmRoles,
          }))
        case 'call':
          return route.call?.(cloakwright.userOf(request))
        case 'events':
          return new Observable<{ data: string }>((to) => to.next({ data: 'hello' }))
        case 'throws':
          throw new Error(canary)
      }
    }
    const descriptor = { value: method, writable: true, configurable: true }
    Object.defineProperty(Routes.prototype, name, descriptor)
    common.Req()(Routes.prototype, name, 0)
    cloakwright.User()(Routes.prototype, name, 1)
    common.HttpCode(200)(Routes.prototype, name, descriptor)
    const verb = handler === 'events' ? common.Sse(path) : common.All(path)
    verb(Routes.prototype, name, descriptor)
    // The compiler applies the decorators of a method from the bottom up.
    for (const decorate of [...guardsOf(route, decoratorsOf(cloakwright))].reverse())
      decorate(Routes.prototype, name, descriptor)
  }
  common.Controller(prefix)(Routes)
  return Routes
}

/** A controller whose handler forwards. */
function makeForwarder(
  { common, cloakwright }: Pick<NestModules, 'common' | 'cloakwright'>,
  { upstream, options }: NonNullable<ServiceOptions['forwarded']>,
): new () => object {
  class Api {
    readonly forward = cloakwright.forward(upstream, options)
    all(request: object, response: object): Promise<void> {
      return this.forward(request, response)
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Api.prototype, 'all') as PropertyDescriptor
  common.Req()(Api.prototype, 'all', 0)
  common.Res()(Api.prototype, 'all', 1)
  // Fastify knows no wildcard with a name; on Express, Nest converts this one.
  common.All('*')(Api.prototype, 'all', descriptor)
  cloakwright.RequireUser()(Api.prototype, 'all', descriptor)
  common.Controller('api')(Api)
  return Api
}

/** Fastify has parsers of its own. */
function leaveBodies(app: INestApplication): void {
  const fastify = app.getHttpAdapter().getInstance() as Partial<FastifyInstance>
  fastify.removeAllContentTypeParsers?.()
  fastify.addContentTypeParser?.('*', (_request, body, done) => done(null, body))
}

function decoratorsOf(cloakwright: typeof CloakwrightNest) {
  return {
    requireUser: cloakwright.RequireUser,
    requireRole: cloakwright.RequireRole,
    requireClientRole: cloakwright.RequireClientRole,
    requireScope: cloakwright.RequireScope,
    requireAudience: cloakwright.RequireAudience,
    requirePolicy: cloakwright.RequirePolicy,
    allowAnonymous: cloakwright.AllowAnonymous,
  }
}
