import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { createVerifier, type Verifier } from 'cloakwright'
import * as forExpress from 'cloakwright/express'
import * as forFastify from 'cloakwright/fastify'
import * as forHono from 'cloakwright/hono'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
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

// In each, nothing of Cloakwright is in the way of the unguarded routes.

export async function cloakwrightFastify(realm: Realm): Promise<App> {
  const app = Fastify()
  const { cloakwright, requireUser, userOf } = forFastify
  app.get('/open', () => greet('alice'))
  app.get('/bare', (request) => greet(bareVerify(realm, request.raw).preferred_username))
  const verifier = await verifierOf(realm)
  await app.register(async (guarded) => {
    await guarded.register(cloakwright, { verifier })
    guarded.get('/guarded', { onRequest: requireUser() }, (request) => greet(userOf(request).username))
  })
  await app.ready()
  return (request, response) => app.routing(request, response)
}

export async function cloakwrightExpress(realm: Realm): Promise<App> {
  const app = express()
  const { cloakwright, requireUser, userOf } = forExpress
  app.get('/open', (_request, response) => void response.json(greet('alice')))
  app.get(
    '/bare',
    (request, response) => void response.json(greet(bareVerify(realm, request).preferred_username)),
  )
  app.use('/guarded', cloakwright({ verifier: await verifierOf(realm) }))
  app.get(
    '/guarded',
    requireUser(),
    (request, response) => void response.json(greet(userOf(request).username)),
  )
  return app
}

export async function cloakwrightHono(realm: Realm): Promise<App> {
  const app = new Hono<{ Bindings: HttpBindings }>()
  const { cloakwright, requireUser, userOf } = forHono
  app.get('/open', (c) => c.json(greet('alice')))
  app.get('/bare', (c) => c.json(greet(bareVerify(realm, c.env.incoming).preferred_username)))
  app.use('/guarded', cloakwright({ verifier: await verifierOf(realm) }))
  app.get('/guarded', requireUser(), (c) => c.json(greet(userOf(c).username)))
  const listener = getRequestListener(app.fetch)
  return (request, response) => void listener(request, response)
}
