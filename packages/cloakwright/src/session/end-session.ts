import { decodeJwt, type JWTPayload } from 'jose'
import { CloakwrightError } from '../errors.ts'
import type { SessionRecord } from '../state/index.ts'
import type { SessionContext } from './context.ts'
import type { SessionTokens } from './live-session.ts'

/**
 * Ends a session here: its access tokens on every replica, then its row, its sockets and streams. `false` if it has ended
 * already.
 *
 * @param sharedSid Whether another session, which continues, has the same session of the realm.
 */
export async function endHere(
  context: SessionContext,
  record: SessionRecord,
  tokens: SessionTokens | undefined,
  sharedSid = false,
): Promise<boolean> {
  // The tokens first: if the store fails in between, the session still exists and can be signed out again.
  await revokeAccess(context, sharedSid ? { ...record, sid: undefined } : record, tokens)
  const removed = await context.store.remove(record.key)
  context.watchers.tell({ key: record.key })
  return removed !== undefined
}

/** The access tokens of the session, on every replica. */
async function revokeAccess(
  { config, revocations }: SessionContext,
  { sid }: Pick<SessionRecord, 'sid'>,
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

/** The session has ended here already: a failure is only reported. */
export async function revokeRefresh(
  { provider, report }: SessionContext,
  refreshToken: string | undefined,
): Promise<void> {
  if (refreshToken === undefined || provider.outage.current() !== undefined) return
  await provider.revoke(refreshToken).catch(reportBy(report))
}

/**
 * The same for a session whose browser is not here: the realm's own session ends as well, or the next visit would sign in
 * without a password. The realm tells its other clients (back-channel logout).
 */
export async function endAtRealm(context: SessionContext, tokens: SessionTokens): Promise<void> {
  const { provider, report } = context
  await revokeRefresh(context, tokens.refreshToken)
  if (tokens.idToken === undefined || provider.outage.current() !== undefined) return
  await provider.endSession(tokens.idToken).catch(reportBy(report))
}

function reportBy(report: SessionContext['report']): (error: unknown) => void {
  return (error) => {
    if (error instanceof CloakwrightError) report(error)
    else throw error
  }
}
