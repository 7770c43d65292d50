import { badRequest } from '../errors.ts'
import type { ClientBody } from '../representations/index.ts'

/**
 * Checks a client's protocol and URLs.
 *
 * @throws {AdminError} 400 with all problems
 */
export function checkClient(body: ClientBody): void {
  const problems: string[] = []
  if (body.protocol !== undefined && !['openid-connect', 'saml', 'docker-v2'].includes(body.protocol)) {
    problems.push(`Invalid protocol: ${body.protocol}`)
  }
  const urls = { 'Root URL': body.rootUrl, 'Base URL': body.baseUrl, 'Admin URL': body.adminUrl }
  for (const [name, url] of Object.entries(urls)) {
    if (url === undefined || url === '') continue
    const isRelative = name !== 'Root URL' && url.startsWith('/')
    if (isIllegal(url)) problems.push(`${name} uses an illegal scheme`)
    else if (!isUri(url) || !(isRelative || hasHost(url))) problems.push(`${name} is not a valid URL`)
  }
  const { attributes = {} } = body
  const logoutUrls = {
    'Backchannel logout URL': attributes['backchannel.logout.url'],
    'Front-channel logout URL': attributes['frontchannel.logout.url'],
  }
  for (const [name, url] of Object.entries(logoutUrls)) {
    if (typeof url !== 'string' || url === '') continue
    if (isIllegal(url)) problems.push(`${name} uses an illegal scheme`)
    else if (!isUri(url) || !(url.startsWith('/') || isJavaUrl(url))) {
      problems.push(`${name} is not a valid URL`)
    }
  }
  const redirects = body.redirectUris ?? []
  if (!redirects.every(isUri)) problems.push('A redirect URI is not a valid URI')
  if (redirects.some(isIllegal)) problems.push('A redirect URI uses an illegal scheme')
  if (problems.length > 0) throw badRequest('invalid_input', problems.join('; '))
}

/** A reference of RFC 3986, relative or not; placeholders such as `${authBaseUrl}` are filled in later. */
function isUri(text: string): boolean {
  const filled = text.replace(/\$\{[^{}]*\}/g, 'placeholder')
  if (/[\s<>"{}|\\^`]/.test(filled)) return false
  const scheme = /^([^/?#]*?):/.exec(filled)?.[1]
  return scheme === undefined || /^[A-Za-z][A-Za-z0-9+.-]*$/.test(scheme)
}

/** Placeholders stand for URLs with a scheme. */
function hasHost(url: string): boolean {
  return /^(?:[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]|\$\{auth(?:Base|Admin)Url\})/.test(url)
}

/** The schemes that java.net.URL knows. */
function isJavaUrl(url: string): boolean {
  return /^(?:https?|ftp|file|mailto):(?!(?:\/\/)?$)/i.test(url)
}

function isIllegal(uri: string): boolean {
  return /^(?:javascript|data|vbscript):/i.test(uri)
}
