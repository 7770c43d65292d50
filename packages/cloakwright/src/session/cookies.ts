import { sha256 } from '../sealing.ts'
import type { SessionRequest } from './types.ts'

/** The names and formats of this service's cookies. */
export interface Cookies {
  /** The value of the session cookie, if it has the right format. */
  readSession(request: SessionRequest): string | undefined
  writeSession(value: string): string
  /** The secret that binds logins to this browser, if it has the right format. */
  readBrowser(request: SessionRequest): string | undefined
  writeBrowser(secret: string, maxAge: number): string
  /** The value that counts the latest logins of this browser. */
  readLogins(request: SessionRequest): string | undefined
  writeLogins(value: string, maxAge: number): string
  /** The encrypted user of the session, if it has the right format. */
  readUser(request: SessionRequest): string | undefined
  writeUser(value: string): string
  /** Whether the browser was redirected to the public host a moment ago. */
  readLed(request: SessionRequest): boolean
  writeLed(): string
  /** Removes the session cookie. */
  clearSession(): string
  /** Removes everything that belongs to the browser's user. */
  clearAll(): readonly string[]
}

/** The path prefix of login, callback and logout, if the service sets no other. */
export const defaultBasePath = '/auth'

/** The options that decide on names and attributes. */
interface CookieOptions {
  readonly cookieName: string
  readonly secureCookies: boolean
}

/**
 * The name of the session cookie: one for each service, since cookies ignore ports, and two services may share a host.
 * With `__Host-`, a browser accepts the cookie only with Secure, Path=/ and no Domain. So no other host, not even a
 * subdomain, can set it. Browsers refuse the prefix on http, and Safari refuses Secure even on loopback; so loopback uses
 * another name. There, services of one client often differ only in their port. Tenants of one client may differ only in their
 * base path; the usual one is not part of the name.
 */
export function toCookieName(publicUrl: URL, basePath: string, issuer: string, clientId: string): string {
  const path = basePath === defaultBasePath ? [] : [basePath]
  const nameOf = (...service: readonly string[]): string => sha256(service.join('\n')).slice(0, 8)
  return publicUrl.protocol === 'https:'
    ? `__Host-cloakwright-${nameOf(issuer, clientId, ...path)}`
    : `cloakwright_dev-${nameOf(issuer, clientId, ...path, publicUrl.origin)}`
}

/** SameSite=Lax, not Strict: the redirect back from the provider is a cross-site navigation. */
export function createCookies({ cookieName: session, secureCookies }: CookieOptions): Cookies {
  const [browser, logins, led, user] = ['login', 'logins', 'led', 'user'].map(
    (name) => `${session}_${name}`,
  ) as [string, string, string, string]
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secureCookies ? '; Secure' : ''}`
  const clear = (name: string): string => `${name}=; Max-Age=0; ${attributes}`
  const readLed = reader(led, '1')
  return {
    readSession: reader(session, token),
    writeSession: (value) => `${session}=${value}; ${attributes}`,
    readBrowser: reader(browser, token),
    writeBrowser: (secret, maxAge) => `${browser}=${secret}; Max-Age=${maxAge}; ${attributes}`,
    readLogins: reader(logins, '[\\d.]{1,30}'),
    writeLogins: (value, maxAge) => `${logins}=${value}; Max-Age=${maxAge}; ${attributes}`,
    readUser: reader(user, '[\\w-]{1,32}\\.[\\w-]{40,1000}'),
    writeUser: (value) => `${user}=${value}; ${attributes}`,
    readLed: (request) => readLed(request) !== undefined,
    writeLed: () => `${led}=1; Max-Age=10; ${attributes}`,
    clearSession: () => clear(session),
    clearAll: () => [session, browser, logins, user].map(clear),
  }
}

/** 32 random bytes. */
const token = '[\\w-]{43}'

/**
 * Reads the first cookie of that name in this format: an invalid one may come from another service on the host. One search,
 * because every request is searched for its session.
 *
 * @param name Without characters that have a meaning in an expression.
 */
function reader(name: string, format: string): (request: SessionRequest) => string | undefined {
  const cookie = new RegExp(`(?:^|;)\\s*${name}\\s*=\\s*(${format})\\s*(?:;|$)`)
  return ({ headers }) => {
    const cookies = headers.get('cookie')
    return cookies === null ? undefined : cookie.exec(cookies)?.[1]
  }
}
