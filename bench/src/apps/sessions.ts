import { createRevocations, createVerifier } from 'cloakwright'
import * as forExpress from 'cloakwright/express'
import * as forFastify from 'cloakwright/fastify'
import { createSessions } from 'cloakwright/session'
import { fromPool, postgresRevocationStore, postgresSessionStore } from 'cloakwright/state'
import express from 'express'
import Fastify from 'fastify'
import { Pool } from 'pg'
import { byPath, openExpress, openFastify, twice, uncachedExpress, uncachedFastify } from './open.ts'
import { type App, greet, type Realm } from './realm.ts'
import { settings } from './settings.ts'

/** As the guides set up a service with replicas: sessions and revocations in PostgreSQL, every other default. */
async function guardOptions({ issuer }: Realm) {
  const { clientId, clientSecret, publicUrl, databaseUrl, secret } = settings()
  const sql = fromPool(new Pool({ connectionString: databaseUrl }))
  const revocations = createRevocations({ store: postgresRevocationStore(sql) })
  const verifier = createVerifier({ issuer, audience: clientId, revocations })
  await verifier.ready()
  const sessions = createSessions({
    issuer,
    clientId,
    clientSecret,
    publicUrl,
    keys: [{ id: 'k1', key: Buffer.from(secret, 'base64url') }],
    store: postgresSessionStore(sql),
    revocations,
  })
  return { verifier, sessions }
}

export async function sessionsFastify(realm: Realm): Promise<App> {
  const { cloakwright, requireUser, userOf } = forFastify
  const [open, openAgain] = twice(openFastify, '/open')
  const uncached = uncachedFastify('/open-uncached')
  const guarded = Fastify()
  await guarded.register(cloakwright, await guardOptions(realm))
  guarded.get('/guarded', { onRequest: requireUser() }, (request) => greet(userOf(request).username))
  for (const app of [open, openAgain, uncached, guarded]) await app.ready()
  return byPath(
    { '/open': open, '/open-again': openAgain, '/open-uncached': uncached },
    toApp,
    toApp(guarded),
  )
}

function toApp(app: ReturnType<typeof openFastify>): App {
  return (request, response) => app.routing(request, response)
}

export async function sessionsExpress(realm: Realm): Promise<App> {
  const { cloakwright, requireUser, userOf } = forExpress
  const [open, openAgain] = twice(openExpress, '/open')
  const uncached = uncachedExpress('/open-uncached')
  const guarded = express()
  guarded.use(cloakwright(await guardOptions(realm)))
  guarded.get(
    '/guarded',
    requireUser(),
    (request, response) => void response.json(greet(userOf(request).username)),
  )
  return byPath(
    { '/open': open, '/open-again': openAgain, '/open-uncached': uncached },
    (app) => app,
    guarded,
  )
}
