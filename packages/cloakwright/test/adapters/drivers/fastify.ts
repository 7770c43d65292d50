import type { AddressInfo } from 'node:net'
import { Readable, Writable } from 'node:stream'
import * as adapter from 'cloakwright/fastify'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { canary, countVisit, type Driver, guardsOf, type Logged, type Route } from './types.ts'

const logs: Logged[] = []
const levels: Readonly<Record<number, Logged['level']>> = { 30: 'info', 40: 'warn', 50: 'error' }

type Line = Omit<Logged, 'level' | 'message'> & { readonly level: number; readonly msg: string }

const stream = new Writable({
  write(chunk: Buffer, _encoding, done) {
    for (const line of chunk.toString().trimEnd().split('\n')) {
      const { level, msg, ...rest } = JSON.parse(line) as Line
      if (rest.code !== undefined) logs.push({ ...rest, level: levels[level] ?? 'error', message: msg })
    }
    done()
  },
})

export const fastifyDriver: Driver = {
  name: 'Fastify',
  answersErrors: true,
  registers: true,
  knowsConnection: true,
  bodyReaders: ['a form parser', 'a form parser, registered later', 'raw bytes'],
  hasCors: true,
  writesFailures: false,
  logs,
  async start({ guard, routes, mounted = [], forwarded, bodyReader, cors = false }) {
    const app = Fastify({ logger: { stream } })
    app.setErrorHandler(adapter.sendProblem)
    if (cors) app.addHook('onRequest', allowOrigins)
    const readForms = (): void => {
      const form = 'application/x-www-form-urlencoded'
      app.addContentTypeParser(form, { parseAs: 'string' }, (_request, body, done) => {
        done(null, Object.fromEntries(new URLSearchParams(body as string)))
      })
    }
    const later = bodyReader === 'a form parser, registered later'
    if (bodyReader === 'raw bytes')
      app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    else if (!later) readForms()
    if (guard !== undefined) await app.register(adapter.cloakwright, guard)
    if (later) readForms()
    if (forwarded !== undefined) {
      const handler = adapter.forward(forwarded.upstream, forwarded.options)
      app.all('/api', { onRequest: adapter.requireUser() }, handler)
      app.all('/api/*', { onRequest: adapter.requireUser() }, handler)
    }
    for (const route of routes) add(app, route)
    await app.register(
      (scope, _options, done) => {
        for (const route of mounted) add(scope, route)
        done()
      },
      { prefix: '/mounted' },
    )
    await app.listen({ host: '127.0.0.1', port: 0 })
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
  },
}

/** What `@fastify/cors` does by default. */
function allowOrigins(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  reply.header('access-control-allow-origin', '*')
  if (request.method === 'OPTIONS') reply.code(204).send()
  else done()
}

function add(app: FastifyInstance, route: Route): void {
  const { path, handler } = route
  app.route({
    method: ['GET', 'POST', 'OPTIONS'],
    url: path,
    onRequest: [...guardsOf(route, adapter)],
    handler: async (request: FastifyRequest, reply) => {
      switch (handler) {
        case 'ok':
          return { ok: true }
        case 'user':
          return { user: adapter.userOf(request).username }
        case 'maybe-user':
          return { user: adapter.maybeUserOf(request)?.username ?? null }
        case 'form':
          return { title: (request.body as { title: string }).title }
        case 'session':
          return { since: adapter.sessionOf(request)?.createdAt ?? null }
        case 'data':
          return await countVisit(adapter.sessionOf(request))
        case 'refresh':
          await adapter.refreshSession(request)
          return { roles: adapter.userOf(request).realmRoles }
        case 'call':
          return await route.call?.(adapter.userOf(request))
        case 'events': {
          const events = new Readable({ read: () => {} })
          events.push('data: hello\n\n')
          return reply.type('text/event-stream').send(events)
        }
        case 'throws':
          throw new Error(canary)
      }
    },
  })
}
