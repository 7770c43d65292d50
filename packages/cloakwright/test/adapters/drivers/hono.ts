import type { AddressInfo } from 'node:net'
import { type ServerType, serve } from '@hono/node-server'
import * as adapter from 'cloakwright/hono'
import { type Context, Hono } from 'hono'
import { cors as allowOrigins } from 'hono/cors'
import { streamSSE } from 'hono/streaming'
import { serveFetch } from './fetch-server.ts'
import {
  canary,
  countVisit,
  type Driver,
  guardsOf,
  type Logged,
  type Route,
  type ServiceOptions,
} from './types.ts'

const logs: Logged[] = []

/** Middleware that reads the body with a method of Hono. */
const readers: Readonly<Record<string, (c: Context) => Promise<unknown>>> = {
  'parseBody()': (c) => c.req.parseBody(),
  'text()': (c) => c.req.text(),
  'arrayBuffer()': (c) => c.req.arrayBuffer(),
  nothing: async () => {},
}

/** On Node, where the headers are read as received. */
export const honoDriver: Driver = {
  name: 'Hono on Node',
  answersErrors: true,
  registers: true,
  knowsConnection: true,
  bodyReaders: Object.keys(readers),
  hasCors: true,
  writesFailures: true,
  logs,
  async start(options) {
    const { fetch } = makeApp(options)
    const server = await new Promise<ServerType>((resolve) => {
      const made = serve({ fetch, hostname: '127.0.0.1', port: 0 }, () => resolve(made))
    })
    return {
      port: (server.address() as AddressInfo).port,
      close: () => new Promise((resolve) => server.close(() => resolve())),
    }
  },
}

/** Runtimes with only the web request: Bun, Deno, workers. */
export const honoFetchDriver: Driver = {
  ...honoDriver,
  name: 'Hono on web requests',
  knowsConnection: false,
  start(options) {
    const app = makeApp(options)
    return serveFetch(async (request) => app.fetch(request))
  },
}

function makeApp({
  guard,
  routes,
  mounted = [],
  forwarded,
  bodyReader,
  cors = false,
  usualLog = false,
}: ServiceOptions): Hono {
  const app = new Hono()
  if (cors) app.use(allowOrigins())
  const read = readers[bodyReader ?? '']
  if (read !== undefined)
    app.use(async (c, next) => {
      if (c.req.method === 'POST') await read(c)
      await next()
    })
  app.onError(adapter.sendProblem)
  if (guard !== undefined)
    app.use(
      adapter.cloakwright({ ...guard, ...(usualLog ? {} : { onRefused: (entry) => void logs.push(entry) }) }),
    )
  if (forwarded !== undefined)
    app.all('/api/*', adapter.requireUser(), adapter.forward(forwarded.upstream, forwarded.options))
  for (const route of routes) add(app, route)
  const router = new Hono()
  for (const route of mounted) add(router, route)
  app.route('/mounted', router)
  return app
}

function add(app: Hono, route: Route): void {
  const { path, handler } = route
  app.on(['GET', 'POST', 'OPTIONS'], [path], ...guardsOf(route, adapter), async (c: Context) => {
    switch (handler) {
      case 'ok':
        return c.json({ ok: true })
      case 'user':
        return c.json({ user: adapter.userOf(c).username })
      case 'maybe-user':
        return c.json({ user: adapter.maybeUserOf(c)?.username ?? null })
      case 'form':
        return c.json({ title: (await c.req.parseBody())['title'] })
      case 'session':
        return c.json({ since: adapter.sessionOf(c)?.createdAt ?? null })
      case 'data':
        return c.json(await countVisit(adapter.sessionOf(c)))
      case 'refresh':
        await adapter.refreshSession(c)
        return c.json({ roles: adapter.userOf(c).realmRoles })
      case 'call':
        return c.json((await route.call?.(adapter.userOf(c))) ?? {})
      case 'events':
        return streamSSE(c, async (stream) => {
          await stream.writeSSE({ data: 'hello' })
          await new Promise<void>((resolve) => stream.onAbort(resolve))
        })
      case 'throws':
        throw new Error(canary)
    }
  })
}
