import { CloakwrightError } from '../errors.ts'
import { parseUrl } from '../http/index.ts'
import { realmUrlMistake } from './realm-url.ts'

/**
 * Whether a URL's host is the local machine: `localhost` and its subdomains (RFC 6761 §6.3), 127.0.0.0/8 or ::1. False
 * for a string that is not a URL.
 *
 * @example
 * ```ts
 * import { isLoopback } from 'cloakwright'
 *
 * export function isExposed(publicUrl: string): boolean {
 *   return publicUrl.startsWith('http:') && !isLoopback(publicUrl)
 * }
 * ```
 */
export function isLoopback(url: URL | string): boolean {
  const hostname = (typeof url === 'string' ? parseUrl(url) : url)?.hostname ?? ''
  return /^(?:(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)
}

/**
 * Checks an issuer as configured: an absolute URL without query, fragment or credentials, and https beyond loopback. A realm
 * of Keycloak has no trailing slash; issuers of other providers may have one.
 *
 * @throws {CW_CONFIG_MISSING} No issuer.
 * @throws {CW_CONFIG_INVALID} Not the URL of a realm.
 * @throws {CW_CONFIG_INSECURE} Plain http beyond loopback.
 */
export function checkIssuer(issuer: unknown, dangerouslyAllowHttp: boolean): string {
  if (issuer === undefined || issuer === null || issuer === '')
    throw new CloakwrightError('CW_CONFIG_MISSING', 'issuer is missing', {
      hint: 'Set it to the realm’s public URL, exactly as in the claim `iss` of its tokens: https://HOST/realms/REALM',
    })
  const production = process.env['NODE_ENV'] === 'production'
  if (dangerouslyAllowHttp && production)
    throw new CloakwrightError('CW_CONFIG_INSECURE', 'dangerouslyAllowHttp: set with NODE_ENV=production', {
      hint: 'Remove it and use the https URL of the realm. Inside the cluster, internalUrl may be http.',
    })
  const url = checkRealmUrl('issuer', withoutSlash(issuer))
  if (url.protocol === 'http:' && !isLoopback(url) && !dangerouslyAllowHttp)
    throw new CloakwrightError('CW_CONFIG_INSECURE', 'issuer: plain http is allowed on loopback only', {
      hint: production
        ? 'Use the https URL of the realm. Inside the cluster, internalUrl may be http.'
        : 'Use https; for development only, set dangerouslyAllowHttp: true.',
    })
  return issuer as string
}

/** An issuer without the slash at its end, which a URL of another provider may have, before a path is appended. */
export function withoutSlash<T>(issuer: T): T | string {
  if (typeof issuer !== 'string' || /\/realms\/[^/]+\/$/.test(issuer)) return issuer
  return issuer.endsWith('/') ? issuer.slice(0, -1) : issuer
}

/** The last part of an issuer, for challenges: the name of a realm, or the host of a provider without realms. */
export function issuerName(issuer: string): string {
  const text = withoutSlash(issuer)
  return text.slice(text.lastIndexOf('/') + 1)
}

/**
 * Checks the URL of a realm. Recognizes other Keycloak URLs that are often given instead.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function checkRealmUrl(name: string, value: unknown): URL {
  const mistake = typeof value === 'string' ? realmUrlMistake(value) : undefined
  if (mistake !== undefined)
    throw new CloakwrightError('CW_CONFIG_INVALID', `${name}: ${mistake.why}`, {
      hint: `Use ${mistake.use}`,
    })
  return checkUrl(name, value)
}

/**
 * Checks a URL: absolute http(s), without query, fragment, credentials or trailing slash.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function checkUrl(name: string, value: unknown): URL {
  const invalid = (why: string, hint: string): CloakwrightError =>
    new CloakwrightError('CW_CONFIG_INVALID', `${name}: ${why}`, { hint })
  const url = typeof value === 'string' ? parseUrl(value) : undefined
  if (typeof value !== 'string' || url === undefined)
    throw invalid('not an absolute URL', 'Write it as https://HOST/realms/REALM')
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw invalid(
      'does not start with https:// or http://',
      'Start it with https://. http:// is for a realm on localhost.',
    )
  if (url.username !== '' || url.password !== '')
    throw invalid('contains credentials', 'Remove the part before the @.')
  if (value.includes('?') || value.includes('#'))
    throw invalid('contains a query or a fragment', 'Remove everything from the ? or # on.')
  if (value.endsWith('/'))
    throw invalid(
      'ends with a slash',
      `Use ${value.replace(/\/+$/, '')}: Keycloak’s issuer has no trailing slash, and the two must be equal.`,
    )
  return url
}
