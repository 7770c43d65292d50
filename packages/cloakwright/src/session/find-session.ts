import { sha256 } from '../sealing.ts'
import type { SessionContext } from './context.ts'
import { requireSameOrigin } from './csrf.ts'
import type { LiveSession } from './live-session.ts'
import type { Refresher } from './refresh.ts'
import type { Session, SessionRequest, SessionUse } from './types.ts'
import { endOf, isLive, readLive } from './vault.ts'

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
  const key = sha256(value)
  const found = await context.cache.find(key, () => readLive(context, key))
  // A cached session may have been used on another replica since then, which has extended it.
  const current = found === undefined || isLive(context, found) ? found : await readLive(context, key)
  if (current === undefined) return undefined
  const issuedAfter = freshAfter === undefined ? undefined : context.config.now() - freshAfter * 1000
  const live = await keepFresh(current, issuedAfter)
  if (live === undefined) return undefined
  const { sid, subject, createdAt } = live.record
  const expiresAt = extend ? await noteUse(context, live) : live.record.expiresAt
  return { key, sid, subject, createdAt, accessToken: live.tokens.accessToken, expiresAt }
}

/**
 * Extends the idle timeout: at most once a minute, so that reading pages does not write rows. Resolves to the new end.
 */
async function noteUse({ cache, config, store }: SessionContext, live: LiveSession): Promise<number> {
  const now = config.now()
  const { record, tokens } = live
  if (now - record.lastSeenAt < Math.min(60_000, config.idleTimeout / 10)) return record.expiresAt
  const expiresAt = endOf(config, now, record.absoluteExpiresAt, tokens.refreshExpiresAt)
  await store.touch(record.key, now, expiresAt)
  cache.update({ record: { ...record, lastSeenAt: now, expiresAt }, tokens })
  return expiresAt
}
