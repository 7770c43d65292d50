import type { FastifyReply } from 'fastify'
import type { FrontChannelLogout } from '../oidc/index.ts'
import { frontChannelLogoutPage } from '../pages/index.ts'
import { type LoginContext, sendLoginPage } from './login-context.ts'

/** The page that logs the browser out of these clients, and continues to the redirect URI when all frames are loaded. */
export function sendFrontChannelLogout(
  login: LoginContext,
  logouts: readonly FrontChannelLogout[],
  redirectUri: string | undefined,
): FastifyReply {
  const { reply, realm } = login
  const hosts = logouts.flatMap(({ url }) => hostsIn(url))
  const policy =
    realm.info.browserSecurityHeaders.contentSecurityPolicy ??
    "frame-src 'self'; frame-ancestors 'self'; object-src 'none';"
  // The realm's own policy stays; only the frames of these clients are added to it.
  const framing = policy.replace(
    /frame-src ([^;]*)/,
    (_, sources: string) => `frame-src ${[sources, ...hosts].join(' ')} `,
  )
  // Otherwise the server leaves the header out.
  if (/^[\t\x20-\x7e]+$/.test(framing)) reply.header('content-security-policy', framing)
  return sendLoginPage(login, { title: 'Logging out', body: frontChannelLogoutPage(logouts, redirectUri) })
}

/** The host of an absolute URL, if a policy can name it. */
function hostsIn(url: string): string[] {
  try {
    const { host } = new URL(url)
    return /^[\w.:[\]-]+$/.test(host) ? [host] : []
  } catch {
    return []
  }
}
