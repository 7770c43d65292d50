import {
  acr,
  createRevocations,
  createVerifier,
  type GuardOptions,
  maxAge,
  type Revocations,
  role,
} from 'cloakwright'
import type { SessionOptions } from 'cloakwright/session'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { type App, Browser } from '../../session/support/browser.ts'
import { clientId, startProvider, type TestProvider } from '../../session/support/provider.ts'
import { type Clock, host, publicUrl, sessionCookie, setup } from '../../session/support/setup.ts'
import type { Driver, Route, Service, ServiceOptions } from '../drivers/types.ts'
import { giveAccessTokens } from '../support/access-tokens.ts'
import { type Received, type Sent, send } from './client.ts'
import { routes } from './routes.ts'

/** A service with sessions on the adapter under test, its realm, and browsers. */
export interface SessionWorld {
  readonly provider: TestProvider
  readonly service: Service
  readonly revocations: Revocations
  /** The sessions' clock. */
  readonly clock: Clock
  /** The realm roles in the access tokens that the realm issues from now on. */
  roles: readonly string[]
  /** The Cookie header of a browser that signed in over HTTP. */
  signIn(user?: string): Promise<string>
  /** A browser without cookies; its requests to the public URL reach the service over HTTP. */
  newBrowser(service?: Service): Browser
  send(path: string, sent?: Sent): Promise<Received>
  /** Starts another service with the same sessions and a new verifier. */
  start(more?: Partial<ServiceOptions>): Promise<Service>
}

/** Routes in addition to those of all tests. */
const sessionRoutes: readonly Route[] = [
  { path: '/since', guard: (is) => is.requireUser(), handler: 'session' },
  { path: '/data', guard: (is) => is.requireUser(), handler: 'data' },
  { path: '/refresh', guard: (is) => is.requireUser(), handler: 'refresh' },
  { path: '/seller', guard: (is) => is.requirePolicy(role('seller')), handler: 'ok' },
  {
    path: '/fresh-seller',
    guard: (is) => is.requirePolicy(role('seller'), { freshAfter: 0 }),
    handler: 'ok',
  },
  { path: '/gold', guard: (is) => is.requirePolicy(acr('gold', 'platinum')), handler: 'user' },
  { path: '/gold-form', guard: (is) => is.requirePolicy(acr('gold')), handler: 'form' },
  { path: '/recent', guard: (is) => is.requirePolicy(maxAge(300)), handler: 'user' },
  { path: '/events', guard: (is) => is.requireUser(), handler: 'events' },
  // Below the path of the sessions' routes, but not one of them.
  { path: '/auth/help', guard: (is) => is.requireUser(), handler: 'user' },
]

/** Starts a realm and the service for the tests of the current suite. */
export function useSessions(driver: Driver, options: Partial<SessionOptions> = {}): SessionWorld {
  const world = { roles: [] } as unknown as { -readonly [Member in keyof SessionWorld]: SessionWorld[Member] }
  const services: Service[] = []

  beforeAll(async () => {
    const provider = await startProvider()
    const revocations = createRevocations()
    const { sessions, clock } = setup(provider, { revocations, ...options })
    const guard = (): GuardOptions => ({
      verifier: createVerifier({ issuer: provider.issuer, audience: clientId, revocations }),
      sessions,
    })
    const start: SessionWorld['start'] = async (more = {}) => {
      const service = await driver.start({ guard: guard(), routes: [...routes, ...sessionRoutes], ...more })
      services.push(service)
      return service
    }
    Object.assign(world, { provider, revocations, clock, start, service: await start() })
  })
  beforeEach(() => {
    world.provider.reset()
    world.roles = []
    giveAccessTokens(world.provider, () => world.roles)
  })
  afterAll(async () => {
    for (const service of services) await service.close()
    await world.provider?.close()
  })

  const newBrowser = (service = world.service): Browser => new Browser({ [publicUrl]: overHttp(service) })
  return Object.assign(world, {
    newBrowser,
    async signIn(user = 'alice') {
      world.provider.user = user
      const browser = newBrowser()
      const response = await browser.open(`${publicUrl}/me`)
      if (response.status !== 200) throw new Error(`Not signed in: ${await response.text()}`)
      const value = browser.cookies(host).get(sessionCookie)
      return `${sessionCookie}=${value}`
    },
    send: (path: string, sent?: Sent) => send(world.service, path, sent),
  })
}

/** Passes requests on to the service, as a proxy that forwards the host. */
export function overHttp(service: Service): App {
  return async (request) => {
    const { host, pathname, search } = new URL(request.url)
    const body = request.body === null ? {} : { body: await request.text() }
    const fields = [['host', host] as const, ...request.headers]
    const received = await send(service, pathname + search, { method: request.method, fields, ...body })
    const headers = new Headers()
    for (const [name, values = []] of Object.entries(received.headers))
      for (const value of [values].flat()) headers.append(name, value)
    return new Response(received.text === '' ? null : received.text, { status: received.status, headers })
  }
}
