import { sha256 } from '../sealing.ts'
import type { SessionConfig } from './options.ts'
import type { SessionRequest } from './types.ts'

/** The names and formats of this service's cookies. */
export interface Cookies {
  /** The value of the session cookie, if it has the right format. */
  readSession(request: SessionRequest): string | undefined
  writeSession(value: string): string
  clearSession(): string
  /** The cookies of pending logins, by the id in their name. */
  readLogins(request: SessionRequest): Map<string, string>
  writeLogin(id: string, value: string, maxAge: number): string
  clearLogin(id: string): string
  /** Whether the browser was redirected to the public host a moment ago. */
  readLed(request: SessionRequest): boolean
  writeLed(): string
}

/**
 * The name of the session cookie: one for each service, since cookies ignore ports, and two services may share a host.
 * With `__Host-`, a browser accepts the cookie only with Secure, Path=/ and no Domain. So no other host, not even a
 * subdomain, can set it. Browsers refuse the prefix on http, and Safari refuses Secure even on loopback; so loopback uses
 * another name.
 */
export function toCookieName(secure: boolean, issuer: string, clientId: string): string {
  const service = sha256(`${issuer}\n${clientId}`).slice(0, 8)
  return `${secure ? '__Host-cloakwright' : 'cloakwright_dev'}-${service}`
}

/** SameSite=Lax, not Strict: the redirect back from the provider is a cross-site navigation. */
export function createCookies({ cookieName: session, secureCookies }: CookieConfig): Cookies {
  const loginPrefix = `${session}_login_`
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secureCookies ? '; Secure' : ''}`
  return {
    readSession(request) {
      for (const [name, value] of pairs(request))
        if (name === session && /^[\w-]{43}$/.test(value)) return value
      return undefined
    },
    writeSession: (value) => `${session}=${value}; ${attributes}`,
    clearSession: () => `${session}=; Max-Age=0; ${attributes}`,
    readLogins(request) {
      const logins = new Map<string, string>()
      for (const [name, value] of pairs(request))
        if (name.startsWith(loginPrefix)) logins.set(name.slice(loginPrefix.length), value)
      return logins
    },
    writeLogin: (id, value, maxAge) => `${loginPrefix}${id}=${value}; Max-Age=${maxAge}; ${attributes}`,
    readLed: (request) => [...pairs(request)].some(([name]) => name === `${session}_led`),
    writeLed: () => `${session}_led=1; Max-Age=10; ${attributes}`,
    clearLogin: (id) => `${loginPrefix}${id}=; Max-Age=0; ${attributes}`,
  }
}

type CookieConfig = Pick<SessionConfig, 'cookieName' | 'secureCookies'>

function* pairs(request: SessionRequest): Generator<readonly [string, string]> {
  for (const pair of (request.headers.get('cookie') ?? '').split(';')) {
    const equals = pair.indexOf('=')
    if (equals > 0) yield [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()]
  }
}
