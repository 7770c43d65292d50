import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { createVerifier, type Verifier } from 'cloakwright'
import * as forExpress from 'cloakwright/express'
import * as forFastify from 'cloakwright/fastify'
import * as forHono from 'cloakwright/hono'
import express from 'express'
import Fastify from 'fastify'
import { Hono, type MiddlewareHandler } from 'hono'
import { audience } from '../issuer.ts'
import { byPath, openExpress, openFastify, twice } from './open.ts'
import { type App, bareVerify, greet, guest, type Realm } from './realm.ts'

/** Every check, every default; `KEYS_MAX_AGE` in seconds for benchmarks that cannot wait for the default. */
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

// `/plain` has no guard, and greets the same guest as `/open`.

export async function cloakwrightFastify(realm: Realm): Promise<App> {
  const { cloakwright, requireUser, userOf } = forFastify
  const verifier = await verifierOf(realm)
  const plain = Fastify()
  plain.get('/plain', () => greet(guest.username))
  const [open, openAgain] = twice(openFastify, '/open')
  const [bare, bareAgain] = twice((path) => {
    const app = Fastify()
    app.get(path, (request) => greet(bareVerify(realm, request.raw).preferred_username))
    return app
  }, '/bare')
  const guarded = Fastify()
  await guarded.register(cloakwright, { verifier })
  guarded.get('/guarded', { onRequest: requireUser() }, (request) => greet(userOf(request).username))
  const apps = {
    '/plain': plain,
    '/open': open,
    '/open-again': openAgain,
    '/bare': bare,
    '/bare-again': bareAgain,
    '/guarded': guarded,
  }
  for (const app of Object.values(apps)) await app.ready()
  return byPath(apps, (app) => (request, response) => app.routing(request, response))
}

export async function cloakwrightExpress(realm: Realm): Promise<App> {
  const { cloakwright, requireUser, userOf } = forExpress
  const plain = express()
  plain.get('/plain', (_request, response) => void response.json(greet(guest.username)))
  const [open, openAgain] = twice(openExpress, '/open')
  const [bare, bareAgain] = twice((path) => {
    const app = express()
    app.get(
      path,
      (request, response) => void response.json(greet(bareVerify(realm, request).preferred_username)),
    )
    return app
  }, '/bare')
  const guarded = express()
  guarded.use(cloakwright({ verifier: await verifierOf(realm) }))
  guarded.get(
    '/guarded',
    requireUser(),
    (request, response) => void response.json(greet(userOf(request).username)),
  )
  const apps = {
    '/plain': plain,
    '/open': open,
    '/open-again': openAgain,
    '/bare': bare,
    '/bare-again': bareAgain,
  }
  return byPath({ ...apps, '/guarded': guarded }, (app) => app)
}

export async function cloakwrightHono(realm: Realm): Promise<App> {
  const { cloakwright, requireUser, userOf } = forHono
  const pass: MiddlewareHandler = (_c, next) => next()
  const plain = new Hono()
  plain.get('/plain', (c) => c.json(greet(guest.username)))
  const [open, openAgain] = twice((path) => {
    const app = new Hono()
    app.use(pass)
    app.get(path, pass, (c) => c.json(greet(guest.username)))
    return app
  }, '/open')
  const [bare, bareAgain] = twice((path) => {
    const app = new Hono<{ Bindings: HttpBindings }>()
    app.get(path, (c) => c.json(greet(bareVerify(realm, c.env.incoming).preferred_username)))
    return app as unknown as Hono
  }, '/bare')
  const guarded = new Hono()
  guarded.use(cloakwright({ verifier: await verifierOf(realm) }))
  guarded.get('/guarded', requireUser(), (c) => c.json(greet(userOf(c).username)))
  const apps = {
    '/plain': plain,
    '/open': open,
    '/open-again': openAgain,
    '/bare': bare,
    '/bare-again': bareAgain,
  }
  return byPath({ ...apps, '/guarded': guarded }, ({ fetch }) => {
    const listener = getRequestListener(fetch)
    return (request, response) => void listener(request, response)
  })
}
