import { once } from 'node:events'
import type { LogEntry } from 'cloakwright'
import { sendProblem } from 'cloakwright/express'
import Keycloak from 'cloakwright/keycloak-connect'
import { createSessions, type SessionOptions } from 'cloakwright/session'
import { memorySessionStore } from 'cloakwright/state'
import express, { type Express, type RequestHandler } from 'express'
import { freeUrl, type GuideRealms } from '../../guides/support/programs.ts'
import { grantOf } from './application.ts'

/** A running app with pages. */
export interface PagesApp {
  readonly origin: string
  readonly issuer: string
  readonly log: LogEntry[]
  readonly keycloak: Keycloak
  readonly app: Express
}

export interface PagesAppOptions {
  readonly keycloak?: Keycloak.KeycloakOptions
  readonly engine?: Partial<SessionOptions>
  readonly framework?: typeof express
  readonly addRoutes?: (app: PagesApp) => void
}

export const secret = 'secret-for-development'

const running: { close(): Promise<void> }[] = []

/** Serves an app with pages, as users of the old adapter have it, until {@link closePages}. */
export async function openPages(realms: GuideRealms, options: PagesAppOptions = {}): Promise<PagesApp> {
  const origin = await freeUrl()
  const { KEYCLOAK_ISSUER: issuer = '' } = await realms.add(origin, {}, ['stock-keeper'])
  const [server, realm] = issuer.split('/realms/') as [string, string]
  const log: LogEntry[] = []
  const sessions = (client: Keycloak.SessionClient) =>
    createSessions({
      ...client,
      publicUrl: origin,
      keys: [{ id: 'k1', key: Buffer.alloc(32, 1) }],
      store: memorySessionStore(),
      ...options.engine,
    })
  const keycloak = new Keycloak(
    { sessions, onRefused: (entry) => void log.push(entry), ...options.keycloak },
    {
      realm,
      'auth-server-url': server,
      resource: 'shop',
      credentials: { secret },
      'ssl-required': 'external',
    },
  )
  const app = (options.framework ?? express)()
  const opened = { origin, issuer, log, keycloak, app }
  const { addRoutes = addPages } = options
  addRoutes(opened)
  const listening = app.listen(Number(new URL(origin).port))
  await once(listening, 'listening')
  running.push({
    async close() {
      listening.closeAllConnections()
      await new Promise((resolve) => listening.close(resolve))
      await keycloak.sessions?.close()
    },
  })
  return opened
}

export async function closePages(): Promise<void> {
  for (const one of running.splice(0)) await one.close()
}

export const showUser: RequestHandler = (request, response) =>
  void response.json({ user: grantOf(request)?.access_token.content['preferred_username'] ?? null })

function addPages({ app, keycloak }: PagesApp): void {
  app.use(keycloak.middleware({ logout: '/logout' }))
  app.get('/', (_request, response) => void response.send('<a href="/logout">Sign out</a>'))
  app.all('/public', showUser)
  app.all('/account', keycloak.protect(), showUser)
  app.get('/admin', keycloak.protect('realm:admin'), showUser)
  app.get('/sso', keycloak.checkSso(), showUser)
  app.use(sendProblem)
}
