import express from 'express'
import Fastify, { type FastifyInstance } from 'fastify'
import { type App, greet, guest } from './realm.ts'

// The baselines of guarded routes. Each route is a separate application, so Cloakwright does not affect the others. The guard
// of `/open` does nothing, in the same places as Cloakwright's: the framework's cost of any guard is in the baseline. It
// greets a guest whose name is read from an object, as `/guarded` reads its user's.

export function openFastify(path: string): FastifyInstance {
  const app = Fastify()
  app.get(path, { onRequest: (_request, _reply, done) => done() }, () => greet(guest.username))
  return app
}

export function openExpress(path: string): express.Express {
  const app = express()
  const pass: express.RequestHandler = (_request, _response, next) => next()
  app.use(pass)
  app.get(path, pass, (_request, response) => void response.json(greet(guest.username)))
  return app
}

// The same, but their guard adds the header of responses to a session, which keeps them out of shared caches: what the header
// alone costs.

export function uncachedFastify(path: string): FastifyInstance {
  const app = Fastify()
  app.get(path, { onRequest: (_request, reply, done) => done(void reply.headers(uncached)) }, () =>
    greet(guest.username),
  )
  return app
}

export function uncachedExpress(path: string): express.Express {
  const app = express()
  app.use((_request, _response, next) => next())
  const guard: express.RequestHandler = (_request, response, next) => next(void response.set(uncached))
  app.get(path, guard, (_request, response) => void response.json(greet(guest.username)))
  return app
}

const uncached = { 'cache-control': 'no-store' }

/** Two identical applications, for the null test. */
export function twice<Made>(make: (path: string) => Made, path: string): readonly [Made, Made] {
  return [make(path), make(`${path}-again`)]
}

/** One application for several, each with one path; requests to other paths go to `others`. */
export function byPath<Made>(
  apps: Readonly<Record<string, Made>>,
  toApp: (made: Made) => App,
  others?: App,
): App {
  const found = new Map(Object.entries(apps).map(([path, made]) => [path, toApp(made)]))
  return (request, response) => (found.get(request.url ?? '') ?? others)?.(request, response)
}
