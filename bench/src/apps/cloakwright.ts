import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { createVerifier, type Verifier } from 'cloakwright'
import * as forExpress from 'cloakwright/express'
import * as forFastify from 'cloakwright/fastify'
import * as forHono from 'cloakwright/hono'
import express from 'express'
import Fastify from 'fastify'
import { Hono, type MiddlewareHandler } from 'hono'
import { audience } from '../issuer.ts'
import { type App, bareVerify, greet, type Realm } from './realm.ts'

/** Every check, every default; `KEYS_MAX_AGE` in seconds where a benchmark can't wait for the default. */
async function verifierOf({ issuer }: Realm): Promise<Verifier> {
  const keysMaxAge = process.env['KEYS_MAX_AGE']
  const verifier = createVerifier({
    issuer,
    audience,
    ...(keysMaxAge === undefined ? {} : { keysMaxAge: Number(keysMaxAge) }),
  })
  await verifier.ready()
  return verifier
}

// Each route is an application of its own, so that nothing of Cloakwright is in the way of the others. The guard of
// `/open` does nothing, at the same places as Cloakwright's: what the framework asks for any guard is in the baseline.
// `/plain` has none.

export async function cloakwrightFastify(realm: Realm): Promise<App> {
  const { cloakwright, requireUser, userOf } = forFastify
  const verifier = await verifierOf(realm)
  const plain = Fastify()
  plain.get('/plain', () => greet('alice'))
  const open = Fastify()
  open.get('/open', { onRequest: (_request, _reply, done) => done() }, () => greet('alice'))
  const bare = Fastify()
  bare.get('/bare', (request) => greet(bareVerify(realm, request.raw).preferred_username))
  const guarded = Fastify()
  await guarded.register(cloakwright, { verifier })
  guarded.get('/guarded', { onRequest: requireUser() }, (request) => greet(userOf(request).username))
  for (const app of [plain, open, bare, guarded]) await app.ready()
  return byPath({
    '/plain': (request, response) => plain.routing(request, response),
    '/open': (request, response) => open.routing(request, response),
    '/bare': (request, response) => bare.routing(request, response),
    '/guarded': (request, response) => guarded.routing(request, response),
  })
}

export async function cloakwrightExpress(realm: Realm): Promise<App> {
  const { cloakwright, requireUser, userOf } = forExpress
  const pass: express.RequestHandler = (_request, _response, next) => next()
  const plain = express()
  plain.get('/plain', (_request, response) => void response.json(greet('alice')))
  const open = express()
  open.use(pass)
  open.get('/open', pass, (_request, response) => void response.json(greet('alice')))
  const bare = express()
  bare.get(
    '/bare',
    (request, response) => void response.json(greet(bareVerify(realm, request).preferred_username)),
  )
  const guarded = express()
  guarded.use(cloakwright({ verifier: await verifierOf(realm) }))
  guarded.get(
    '/guarded',
    requireUser(),
    (request, response) => void response.json(greet(userOf(request).username)),
  )
  return byPath({ '/plain': plain, '/open': open, '/bare': bare, '/guarded': guarded })
}

export async function cloakwrightHono(realm: Realm): Promise<App> {
  const { cloakwright, requireUser, userOf } = forHono
  const pass: MiddlewareHandler = (_c, next) => next()
  const plain = new Hono()
  plain.get('/plain', (c) => c.json(greet('alice')))
  const open = new Hono()
  open.use(pass)
  open.get('/open', pass, (c) => c.json(greet('alice')))
  const bare = new Hono<{ Bindings: HttpBindings }>()
  bare.get('/bare', (c) => c.json(greet(bareVerify(realm, c.env.incoming).preferred_username)))
  const guarded = new Hono()
  guarded.use(cloakwright({ verifier: await verifierOf(realm) }))
  guarded.get('/guarded', requireUser(), (c) => c.json(greet(userOf(c).username)))
  const listenerOf = ({ fetch }: Pick<Hono, 'fetch'>): App => {
    const listener = getRequestListener(fetch)
    return (request, response) => void listener(request, response)
  }
  return byPath({
    '/plain': listenerOf(plain),
    '/open': listenerOf(open),
    '/bare': listenerOf(bare as unknown as Hono),
    '/guarded': listenerOf(guarded),
  })
}

function byPath(apps: Readonly<Record<string, App>>): App {
  const found = new Map(Object.entries(apps))
  return (request, response) => found.get(request.url ?? '')?.(request, response)
}
