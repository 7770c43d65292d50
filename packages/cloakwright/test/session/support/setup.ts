import { randomBytes } from 'node:crypto'
import { createSessions, type SessionEngine, type SessionKey, type SessionOptions } from 'cloakwright/session'
import { memorySessionStore } from 'cloakwright/state'
import { Browser, toApp } from './browser.ts'
import { clientId, clientSecret, type TestProvider } from './provider.ts'

export const publicUrl = 'https://app.example.com'
export const host = 'app.example.com'
/** The engine’s own name has a hash of the issuer, whose port is another each time. */
export const sessionCookie = '__Host-cloakwright'
export const loginCookie = '__Host-cloakwright_login'

/** A clock that a test moves forward. */
export class Clock {
  #ahead = 0
  #stopped: number | undefined
  readonly now = (): number => this.#stopped ?? Date.now() + this.#ahead
  /** Stands still at this time: milliseconds since the epoch. */
  stopAt(time: number): void {
    this.#stopped = time
  }
  forward(seconds: number): void {
    this.#ahead += seconds * 1000
  }
}

export function newKey(id: string): SessionKey {
  return { id, key: randomBytes(32) }
}

const engines = new WeakMap<TestProvider, SessionEngine[]>()

/** Closes all engines on a provider: until then, they listen on connections of their stores. */
export async function closeEngines(provider: TestProvider): Promise<void> {
  const opened = engines.get(provider)?.splice(0) ?? []
  await Promise.all(opened.map((engine) => engine.close()))
}

/** An engine on the provider, and browsers on the engine. */
export function setup(provider: TestProvider, options: Partial<SessionOptions> = {}) {
  const clock = new Clock()
  const errors: Error[] = []
  const sessions: SessionEngine = createSessions({
    issuer: provider.issuer,
    clientId,
    clientSecret,
    publicUrl,
    cookieName: options.publicUrl === undefined ? sessionCookie : undefined,
    keys: [newKey('k1')],
    store: memorySessionStore(),
    now: clock.now,
    onError: (error) => errors.push(error),
    ...options,
  })
  engines.set(provider, [...(engines.get(provider) ?? []), sessions])
  const origin = options.publicUrl ?? publicUrl
  return {
    clock,
    errors,
    sessions,
    newBrowser: () => new Browser({ [origin]: toApp(sessions) }),
    /** A browser that is signed in as the provider's user. */
    async signIn(): Promise<Browser> {
      const browser = new Browser({ [origin]: toApp(sessions) })
      const response = await browser.open(`${origin}/page`)
      if (response.status !== 200) throw new Error(`Not signed in: ${await response.text()}`)
      return browser
    },
  }
}

/** The session of a browser's request, as shown by the engine's page. */
export async function sessionOf(
  browser: Browser,
  headers: Record<string, string> = {},
  origin = publicUrl,
): Promise<unknown> {
  const response = await browser.send(`${origin}/`, { headers })
  return ((await response.json()) as { session?: unknown }).session
}
