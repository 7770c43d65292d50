import { sha256 } from '../sealing.ts'
import type { SessionContext } from './context.ts'
import { requireSameOrigin } from './csrf.ts'
import type { Refresher } from './refresh.ts'
import type { Session, SessionRequest, SessionUse } from './types.ts'
import { type LiveSession, readLive } from './vault.ts'

/** The session of a request's cookie, with a fresh access token. */
export async function findSession(
  context: SessionContext,
  keepFresh: Refresher,
  request: SessionRequest,
  { extend = true, freshAfter }: SessionUse,
): Promise<Session | undefined> {
  // A request with its own token never uses the browser's session.
  if (request.headers.get('authorization') !== null) return undefined
  const value = context.cookies.readSession(request)
  if (value === undefined) return undefined
  requireSameOrigin(request, context.config.publicOrigin)
  const issuedAfter = freshAfter === undefined ? undefined : context.config.now() - freshAfter * 1000
  const found = await readLive(context, sha256(value))
  const live = found && (await keepFresh(found, issuedAfter))
  if (live === undefined) return undefined
  const { key, sid, subject, createdAt } = live.record
  const expiresAt = extend ? await noteUse(context, live) : live.record.expiresAt
  return { key, sid, subject, createdAt, accessToken: live.tokens.accessToken, expiresAt }
}

/**
 * Extends the idle timeout: at most once a minute, so that reading pages does not write rows. Resolves to the new end.
 */
async function noteUse({ config, store }: SessionContext, { record }: LiveSession): Promise<number> {
  const now = config.now()
  if (now - record.lastSeenAt < Math.min(60_000, config.idleTimeout / 10)) return record.expiresAt
  const expiresAt = Math.min(now + config.idleTimeout, record.absoluteExpiresAt)
  await store.touch(record.key, now, expiresAt)
  return expiresAt
}
