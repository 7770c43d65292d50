// One replica of a service with browser sessions, as a process of its own: it can be killed.
import { createRevocations, createVerifier } from 'cloakwright'
import { cloakwright, requireUser, sendProblem, userOf } from 'cloakwright/express'
import { createSessions } from 'cloakwright/session'
import {
  fromPool,
  migrate,
  migrations,
  postgresRevocationStore,
  postgresSessionStore,
  redisRevocationStore,
  redisSessionStore,
} from 'cloakwright/state'
import express from 'express'
import pg from 'pg'
import { createClient } from 'redis'

const { issuer, internalUrl, clientSecret, publicUrl, key, storeUrl } = JSON.parse(process.argv[2])

async function openStores() {
  if (storeUrl.startsWith('redis:')) {
    const client = createClient({ url: storeUrl, socket: { reconnectStrategy: 50 } })
    client.on('error', () => {})
    await client.connect()
    return { sessions: redisSessionStore(client), revocations: redisRevocationStore(client) }
  }
  const pool = new pg.Pool({ connectionString: storeUrl })
  pool.on('error', () => {})
  const sql = fromPool(pool)
  await migrate(sql, 'cloakwright', migrations)
  return { sessions: postgresSessionStore(sql), revocations: postgresRevocationStore(sql) }
}

const stores = await openStores()
const revocations = createRevocations({ store: stores.revocations })
const sessions = createSessions({
  issuer,
  internalUrl,
  clientId: 'service',
  clientSecret,
  publicUrl,
  keys: [{ id: 'k1', key: Buffer.from(key, 'base64') }],
  store: stores.sessions,
  revocations,
  refreshMargin: 0.5,
  timeout: 2_000,
})
const verifier = createVerifier({ issuer, internalUrl, audience: 'service', revocations })
const app = express()
app.use(cloakwright({ verifier, sessions }))
app.get('/me', requireUser(), (request, response) => {
  response.json({ username: userOf(request).username })
})
app.use(sendProblem)
await verifier.ready()
const server = app.listen(0, 'localhost', () => process.send({ port: server.address().port }))
// Ends with the test, however that ends.
process.on('disconnect', () => process.exit())
