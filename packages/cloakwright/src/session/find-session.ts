import { isPromise } from '../promise.ts'
import type { SessionRecord } from '../state/index.ts'
import { BrowserSession, type SessionParts } from './browser-session.ts'
import type { SessionConfig } from './config.ts'
import type { SessionContext } from './context.ts'
import { requireSameOrigin } from './csrf.ts'
import type { LiveSession } from './live-session.ts'
import type { Session, SessionRequest, SessionUse } from './types.ts'
import { endOf, isLive, readLive } from './vault.ts'

/**
 * The session of a request's cookie, with a fresh access token. At once if the session is cached and needs neither a refresh
 * nor a write.
 *
 * @throws {CW_SESSION_ORIGIN}
 */
export function findSession(
  parts: SessionParts,
  request: SessionRequest,
  use: SessionUse,
): Session | undefined | Promise<Session | undefined> {
  // A request with its own token never uses the browser's session.
  if (request.headers.get('authorization') !== null) return undefined
  const { context } = parts
  const key = context.keyOf(request)
  if (key === undefined) return undefined
  requireSameOrigin(request, context.config.publicOrigin)
  return findByKey(parts, key, use)
}

/** The same by the key of its row, for a request that was checked before. */
export function findByKey(
  parts: SessionParts,
  key: string,
  use: SessionUse,
): Session | undefined | Promise<Session | undefined> {
  const { context } = parts
  const found = context.cache.find(key, () => readLive(context, key), context.config)
  if (!isPromise(found) && isReady(context, found, use))
    return new BrowserSession(parts, found, found.record.expiresAt)
  return makeReady(parts, key, found, use)
}

/** Whether a cached session can be used as it is. */
function isReady({ config }: SessionContext, live: LiveSession, { extend, freshAfter }: SessionUse): boolean {
  const now = config.now()
  const { record, tokens } = live
  return (
    record.expiresAt > now &&
    tokens.refreshAt > now &&
    (freshAfter === undefined || tokens.issuedAt >= now - freshAfter * 1000) &&
    (extend === false || !needsTouch(config, record, now))
  )
}

async function makeReady(
  parts: SessionParts,
  key: string,
  pending: LiveSession | Promise<LiveSession | undefined>,
  { extend = true, freshAfter }: SessionUse,
): Promise<Session | undefined> {
  const { context, keepFresh } = parts
  const found = await pending
  // A cached session may have been used on another replica since then, which has extended it.
  const current = found === undefined || isLive(context, found) ? found : await readLive(context, key)
  if (current === undefined) return undefined
  const issuedAfter = freshAfter === undefined ? undefined : context.config.now() - freshAfter * 1000
  const live = await keepFresh(current, issuedAfter)
  if (live === undefined) return undefined
  const expiresAt = extend ? await noteUse(context, live) : live.record.expiresAt
  return new BrowserSession(parts, live, expiresAt)
}

/**
 * Extends the idle timeout: at most once a minute, so that reading pages does not write rows. Resolves to the new end.
 */
async function noteUse({ cache, config, store }: SessionContext, live: LiveSession): Promise<number> {
  const now = config.now()
  const { record, tokens } = live
  if (!needsTouch(config, record, now)) return record.expiresAt
  const expiresAt = endOf(config, now, record.absoluteExpiresAt, tokens.refreshExpiresAt)
  await store.touch(record.key, now, expiresAt)
  cache.update({ ...live, record: { ...record, lastSeenAt: now, expiresAt } })
  return expiresAt
}

function needsTouch({ idleTimeout }: SessionConfig, { lastSeenAt }: SessionRecord, now: number): boolean {
  return now - lastSeenAt >= Math.min(60_000, idleTimeout / 10)
}
