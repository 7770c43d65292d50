import { CloakwrightError } from '../errors.ts'
import { parseUrl } from '../http/index.ts'
import { realmUrlMistake } from './realm-url.ts'

/**
 * Whether a URL's host is this machine itself: `localhost` and the names below it (RFC 6761 §6.3), 127.0.0.0/8 or ::1. A
 * string that is no URL is not.
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
 * Checks an issuer as configured: an absolute URL without query, fragment, credentials or trailing slash, and https
 * beyond loopback.
 *
 * @throws {CW_CONFIG_MISSING} No issuer.
 * @throws {CW_CONFIG_INVALID} Not the address of a realm.
 * @throws {CW_CONFIG_INSECURE} Plain http beyond loopback.
 */
export function checkIssuer(issuer: unknown, dangerouslyAllowHttp: boolean): string {
  if (issuer === undefined || issuer === null || issuer === '')
    throw new CloakwrightError('CW_CONFIG_MISSING', 'issuer: no realm is named', {
      hint: 'Give the realm’s public address as tokens carry it in `iss`: https://HOST/realms/REALM',
    })
  const production = process.env['NODE_ENV'] === 'production'
  if (dangerouslyAllowHttp && production)
    throw new CloakwrightError('CW_CONFIG_INSECURE', 'dangerouslyAllowHttp: set with NODE_ENV=production', {
      hint: 'Remove it, and give the https address of the realm; inside the cluster, internalUrl may be http.',
    })
  const url = checkRealmUrl('issuer', issuer)
  if (url.protocol === 'http:' && !isLoopback(url) && !dangerouslyAllowHttp)
    throw new CloakwrightError('CW_CONFIG_INSECURE', 'issuer: plain http beyond loopback', {
      hint: production
        ? 'Give the https address of the realm; inside the cluster, internalUrl may be http.'
        : 'Use https; for development only, set dangerouslyAllowHttp: true.',
    })
  return issuer as string
}

/**
 * Checks the URL of a realm, and recognizes those that are mistaken for one.
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
 * Checks an address: absolute http(s), without query, fragment, credentials or trailing slash.
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
      'does not begin with https:// or http://',
      'Begin it with https://; http:// is for a realm on this machine.',
    )
  if (url.username !== '' || url.password !== '')
    throw invalid('holds credentials', 'Remove what stands before the @.')
  if (value.includes('?') || value.includes('#'))
    throw invalid('holds a query or a fragment', 'Remove everything from the ? or # on.')
  if (value.endsWith('/'))
    throw invalid(
      'ends with a slash',
      `Use ${value.replace(/\/+$/, '')}: Keycloak’s issuer has no slash at its end, and the two must be equal.`,
    )
  return url
}
