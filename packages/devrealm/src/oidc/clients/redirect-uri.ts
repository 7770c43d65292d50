import type { Client } from '../../model/index.ts'
import { redirectUrisOf } from './client-urls.ts'

/**
 * Finds the redirect URI of a request by Keycloak's rules: strings are compared exactly (no case folding, no normalization),
 * `*` is a wildcard only at the end, and `..` is not allowed under a wildcard.
 *
 * @param given the request's `redirect_uri`
 * @param isRequired false if the client may omit it when only one is registered
 * @returns the redirect URI, or `undefined` if it is not allowed
 */
export function resolveRedirectUri(
  client: Readonly<Client>,
  given: string | undefined,
  base: string,
  isRequired: boolean,
): string | undefined {
  const registered = redirectUrisOf(client, base)
  if (given === undefined) return isRequired ? undefined : onlyOne(registered)
  if (!isUri(given) || hasResponseParameter(given)) return undefined
  if (registered.includes(given) && !given.endsWith('*')) return given
  if (!registered.some((pattern) => matches(pattern, given))) return undefined
  return /^[A-Za-z][A-Za-z0-9+.-]*:/.test(given)
    ? given
    : `${base}${given.startsWith('/') ? '' : '/'}${given}`
}

/** Registered post-logout redirect URIs: those of `post.logout.redirect.uris`; `+` or none means the redirect URIs. */
export function resolveLogoutUri(client: Readonly<Client>, given: string, base: string): string | undefined {
  const listed = (client.attributes['post.logout.redirect.uris'] || '+')
    .split('##')
    .filter((uri) => uri !== '')
  const uris = listed.flatMap((uri) => (uri === '+' ? client.redirectUris : uri === '-' ? [] : [uri]))
  return resolveRedirectUri({ ...client, redirectUris: uris }, given, base, true)
}

function matches(pattern: string, given: string): boolean {
  if (!pattern.endsWith('*') || pattern.includes('?')) return pattern === given
  if (pattern === '*') return /^https?:/.test(given) || !/^[A-Za-z][A-Za-z0-9+.-]*:/.test(given)
  const path = given.replace(/[?#].*$/s, '')
  const prefix = pattern.slice(0, -1)
  const isBelow = path.startsWith(prefix) || (prefix.endsWith('/') && path === prefix.slice(0, -1))
  return isBelow && !climbs(path) && !hasUserInfo(path)
}

/** Whether a path has a `..` segment, also when it is percent-encoded once or twice. */
function climbs(path: string): boolean {
  let decoded = path
  for (let round = 0; round < 3; round++) {
    if (/(?:^|[/\\])\.\.(?:[/\\;]|$)/.test(decoded)) return true
    try {
      decoded = decodeURIComponent(decoded)
    } catch {
      return round === 0
    }
  }
  return false
}

function hasUserInfo(uri: string): boolean {
  return /^[^/]*\/\/[^/]*@/.test(uri)
}

/** The syntax of java.net.URI, which Keycloak uses. Non-ASCII characters are allowed. */
function isUri(text: string): boolean {
  if (!/^(?:[A-Za-z0-9\-._~!*'();:@&=+$,/?#[\]]|%[0-9A-Fa-f]{2}|[^\0-\x7f\s])+$/.test(text)) return false
  return text.split('#').length <= 2 && !/^[A-Za-z][A-Za-z0-9+.-]*:(?:\/\/)?$/.test(text)
}

/** A redirect URI must not have parameters of the response. */
function hasResponseParameter(uri: string): boolean {
  const query = /\?([^#]*)/.exec(uri)?.[1]
  if (query === undefined) return false
  return [...new URLSearchParams(query).keys()].some((name) => responseParameters.has(name))
}

const responseParameters = new Set([
  'code',
  'state',
  'session_state',
  'iss',
  'error',
  'error_description',
  'access_token',
  'id_token',
  'token_type',
  'expires_in',
  'response',
])

function onlyOne(registered: readonly string[]): string | undefined {
  const [only, ...others] = registered
  if (only === undefined || others.length > 0 || only === '*') return undefined
  return only.endsWith('/*') ? only.slice(0, -2) : only.replace(/\*$/, '')
}
