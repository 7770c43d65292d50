import { setTimeout as delay } from 'node:timers/promises'
import { decodeJwt, type JWTPayload } from 'jose'
import { CloakwrightError } from '../errors.ts'
import { isOutage } from '../provider/index.ts'
import type { SessionRecord } from '../state/index.ts'
import type { SessionContext } from './context.ts'
import { requireSameOrigin } from './csrf.ts'
import type { SessionTokens } from './live-session.ts'
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
  const { config, cookies, provider, store, watchers } = context
  requireSameOrigin(request, config.publicOrigin)
  const key = context.keyOf(request)
  const record = key === undefined ? undefined : await store.read(key)
  const tokens = record && (await openTokens(context, record))
  if (record !== undefined) {
    // The tokens first: if the store fails in between, the session still exists and can be signed out again.
    await revokeAccess(context, record, tokens)
    await store.remove(record.key)
    watchers.tell({ key: record.key })
    await revokeRefresh(context, tokens)
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

/** The access tokens of the session, on every replica. */
async function revokeAccess(
  { config, revocations }: SessionContext,
  { sid }: SessionRecord,
  tokens: SessionTokens | undefined,
): Promise<void> {
  if (revocations === undefined) return
  const issuedUntil = config.now() / 1000
  if (sid !== undefined) await revocations.revoke(config.issuer, { sid, issuedUntil })
  // The realm's clock may be ahead: then the session's own token was issued after now.
  const { iat, jti } = claimsOf(tokens?.accessToken)
  if (typeof jti === 'string' && (sid === undefined || (iat ?? 0) > issuedUntil))
    await revocations.revoke(config.issuer, { jti })
}

function claimsOf(accessToken: string | undefined): JWTPayload {
  try {
    return accessToken === undefined ? {} : decodeJwt(accessToken)
  } catch {
    // An opaque token has no id that a verifier could compare.
    return {}
  }
}

/** Milliseconds that a user who signs out waits at most for the realm. */
const patience = 2_000

/** The session has ended here already: a failure is only reported. */
async function revokeRefresh(
  { provider, report }: SessionContext,
  tokens: SessionTokens | undefined,
): Promise<void> {
  if (tokens?.refreshToken === undefined || provider.outage.current() !== undefined) return
  const revoked = provider.revoke(tokens.refreshToken).catch((error: unknown) => {
    if (error instanceof CloakwrightError) report(error)
    else throw error
  })
  await Promise.race([revoked, delay(patience, undefined, { ref: false })])
}
