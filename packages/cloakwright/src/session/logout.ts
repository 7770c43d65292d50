import { isOutage } from '../provider/index.ts'
import type { SessionContext } from './context.ts'
import { requireSameOrigin } from './csrf.ts'
import { endHere, revokeRefresh } from './end-session.ts'
import { atMost, patience } from './hooks.ts'
import { signedOutPage } from './pages.ts'
import { redirect, withCookies } from './redirect.ts'
import type { SessionRequest } from './types.ts'
import { openTokens } from './vault.ts'

/**
 * Signs out. It ends the session with its tokens, then redirects the browser to the provider, to end the session there
 * (OpenID Connect RP-Initiated Logout 1.0). From there the browser returns to `postLogoutUrl`. The browser may never arrive
 * at the provider; the refresh token is revoked in any case. Without a session here, the realm may still have one: it asks
 * the user.
 *
 * @throws {CW_SESSION_ORIGIN} Without a same-origin proof.
 */
export async function answerLogout(context: SessionContext, request: SessionRequest): Promise<Response> {
  const { config, cookies, hooks, provider, store } = context
  requireSameOrigin(request, config.publicOrigin)
  const key = context.keyOf(request)
  const record = key === undefined ? undefined : await store.read(key)
  const tokens = record && (await openTokens(context, record))
  if (record !== undefined) {
    const ended = await endHere(context, record, tokens)
    const told = ended ? hooks.logout(record, 'logout') : undefined
    await atMost(patience, Promise.all([told, revokeRefresh(context, tokens?.refreshToken)]))
  }
  const location = await provider.logoutUrl(tokens?.idToken).catch((error: unknown) => {
    // Signed out here, even if the provider's page is not available.
    if (isOutage(error)) return undefined
    throw error
  })
  return location === undefined
    ? withCookies(signedOutPage(context, request), cookies.clearAll())
    : redirect(location, cookies.clearAll())
}
