import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import * as adapter from 'cloakwright/fastify'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { canary, type Driver, guardsOf, type Logged, type Route } from './types.ts'

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
  logs,
  async start({ guard, routes, mounted = [] }) {
    const app = Fastify({ logger: { stream } })
    app.setErrorHandler(adapter.sendProblem)
    const form = 'application/x-www-form-urlencoded'
    app.addContentTypeParser(form, { parseAs: 'string' }, (_request, body, done) => {
      done(null, Object.fromEntries(new URLSearchParams(body as string)))
    })
    if (guard !== undefined) await app.register(adapter.cloakwright, guard)
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

function add(app: FastifyInstance, route: Route): void {
  const { path, handler } = route
  app.route({
    method: ['GET', 'POST', 'OPTIONS'],
    url: path,
    onRequest: [...guardsOf(route, adapter)],
    handler: (request: FastifyRequest) => {
      switch (handler) {
        case 'ok':
          return { ok: true }
        case 'user':
          return { user: adapter.userOf(request).username }
        case 'maybe-user':
          return { user: adapter.maybeUserOf(request)?.username ?? null }
        case 'form':
          return { title: (request.body as { title: string }).title }
        case 'throws':
          throw new Error(canary)
      }
    },
  })
}
