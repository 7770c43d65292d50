import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cloakwrightExpress, cloakwrightFastify, cloakwrightHono } from './cloakwright.ts'
import { forwardExpress, forwardFastify, forwardHono, forwardUpstream } from './forward.ts'
import { expressOauth2JwtBearer, fastJwt, fastJwtCached, jose, keycloakConnect } from './peers.ts'
import type { App, Realm } from './realm.ts'
import { realmAt } from './realm.ts'
import { openidConnect, openidConnectInRedis } from './session-peers.ts'
import { sessionsExpress, sessionsFastify } from './sessions.ts'

/** The applications under test, by the names that the benchmarks start them by: `main.ts NAME ISSUER`. */
const apps = new Map<string, (realm: Realm) => Promise<App>>([
  ['cloakwright-fastify', cloakwrightFastify],
  ['cloakwright-express', cloakwrightExpress],
  ['cloakwright-hono', cloakwrightHono],
  ['jose', jose],
  ['fast-jwt', fastJwt],
  ['fast-jwt-cached', fastJwtCached],
  ['express-oauth2-jwt-bearer', expressOauth2JwtBearer],
  ['keycloak-connect', keycloakConnect],
  ['sessions-fastify', sessionsFastify],
  ['sessions-express', sessionsExpress],
  ['forward-upstream', forwardUpstream],
  ['forward-express', forwardExpress],
  ['forward-fastify', forwardFastify],
  ['forward-hono', forwardHono],
  ['express-openid-connect', openidConnect],
  ['express-openid-connect-redis', openidConnectInRedis],
])

process.once('disconnect', () => process.exit())
process.on('message', (what) => {
  if (what === 'memory') return void process.send?.(process.memoryUsage.rss())
  const { user, system } = process.cpuUsage()
  process.send?.(user + system)
})

const [name = '', issuer = ''] = process.argv.slice(2)
const make = apps.get(name)
if (make === undefined) throw new Error(`Unknown application ${name}`)
const server = createServer(await make(await realmAt(issuer)))
// Idle connections stay open.
server.keepAliveTimeout = 0
server.headersTimeout = 0
server.requestTimeout = 0
server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', () =>
  process.send?.((server.address() as AddressInfo).port),
)
