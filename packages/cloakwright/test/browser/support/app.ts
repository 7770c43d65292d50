import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { acr, createVerifier } from 'cloakwright'
import { cloakwright, forward, requirePolicy, requireUser, sendProblem, userOf } from 'cloakwright/express'
import { createSessions, type SessionEngine, type SessionOptions } from 'cloakwright/session'
import { memorySessionStore } from 'cloakwright/state'
import { createUpgradeGuard, forward as forwardSocket } from 'cloakwright/websocket'
import express from 'express'
import { WebSocketServer } from 'ws'
import { freeUrl, type GuideRealms } from '../../guides/support/programs.ts'

/** A single-page app on one origin: its page, its own routes, and an API behind it. */
export interface App {
  readonly origin: string
  readonly sessions: SessionEngine
  /** The requests that reached {@link other}, as `METHOD x-csrf`. */
  readonly heard: string[]
  /** A website that accepts requests of every origin. */
  readonly other: string
  /** The codes with which the sockets of the API were closed. */
  readonly closed: number[]
  /** While it is set, the response of `/auth/session`. */
  session: { readonly status: number; readonly type: string; readonly body: string } | undefined
  close(): Promise<void>
}

/** The page: `auth`, how often the session has ended, and who was signed in at its start. */
const page = `<!doctype html><title>Shop</title><script type="module">
import { createBrowserSession } from '/cloakwright.js'
window.auth = createBrowserSession()
window.ends = 0
auth.onEnd(() => void window.ends++)
window.user = await auth.session().catch(({ message }) => message)
window.isReady = true
</script>`

export async function openApp(realms: GuideRealms, options: Partial<SessionOptions> = {}): Promise<App> {
  const [api, other] = [await startApi(), await startOther()]
  const origin = await freeUrl()
  const { KEYCLOAK_ISSUER: issuer = '', KEYCLOAK_CLIENT_SECRET: clientSecret } = await realms.add(origin)
  const sessions = createSessions({
    issuer,
    clientId: 'shop',
    clientSecret,
    publicUrl: origin,
    keys: [{ id: 'k1', key: Buffer.alloc(32, 1) }],
    store: memorySessionStore(),
    ...options,
  })
  const verifier = createVerifier({ issuer, audience: 'shop' })
  const heard: string[] = []
  const app: App = {
    origin,
    sessions,
    heard,
    other: other.url,
    closed: api.closed,
    session: undefined,
    async close() {
      server.closeAllConnections()
      server.close()
      await Promise.all([sessions.close(), api.close(), other.close()])
    },
  }

  const web = express()
  web.get('/auth/session', (_request, response, next) => {
    if (app.session === undefined) next()
    else response.status(app.session.status).type(app.session.type).send(app.session.body)
  })
  web.use(cloakwright({ verifier, sessions }))
  web.get('/cloakwright.js', (_request, response) => {
    response.sendFile(join(import.meta.dirname, '../../../dist/browser/index.js'))
  })
  web.get(['/', '/orders'], (_request, response) => void response.type('html').send(page))
  web.all('/echo', (request, response) => {
    response.json(`${request.method} ${request.get('x-csrf') ?? 'without'}`)
  })
  web.all('/away', (_request, response) => response.redirect(307, `${other.url}/`))
  web.all('/mine', requireUser(), (request, response) => void response.json(userOf(request).username))
  web.get('/payment', requirePolicy(acr('gold')), (_request, response) => void response.json('paid'))
  web.use('/api', requireUser(), forward(api.url))
  web.use(sendProblem)

  const guard = createUpgradeGuard({ verifier, sessions })
  const toApi = forwardSocket(api.url, { prefix: '/api' })
  const server = createServer(web)
  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    if ((await guard(request, socket)) !== undefined) await toApi(request, socket, head)
  }
  server.on('upgrade', (request, socket, head) => void upgrade(request, socket, head))
  server.listen(Number(new URL(origin).port))
  await once(server, 'listening')
  other.heard = heard
  return app
}

/** Greets each socket that has a token. */
async function startApi() {
  const closed: number[] = []
  const server = createServer((_request, response) => response.writeHead(404).end())
  new WebSocketServer({ server }).on('connection', (socket, { headers }) => {
    socket.on('close', (code) => closed.push(code))
    socket.on('error', () => {})
    socket.send(headers.authorization?.startsWith('Bearer ') === true ? 'hello' : 'no token')
  })
  return { closed, ...(await listen(server)) }
}

async function startOther() {
  const other = { heard: [] as string[] }
  const server = createServer(({ method, headers }, response) => {
    if (method !== 'OPTIONS') other.heard.push(`${method} ${String(headers['x-csrf'] ?? 'without')}`)
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('access-control-allow-methods', '*')
    response.setHeader('access-control-allow-headers', 'x-csrf, content-type')
    response.writeHead(method === 'POST' ? 401 : 200).end('{}')
  })
  return Object.assign(other, await listen(server))
}

async function listen(server: Server): Promise<{ readonly url: string; close(): Promise<void> }> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
