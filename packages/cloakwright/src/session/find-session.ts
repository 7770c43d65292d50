import { isPromise } from '../promise.ts'
import type { SessionRecord } from '../state/index.ts'
import { handleKey, type SessionHandle } from '../token/index.ts'
import type { SessionConfig } from './config.ts'
import type { SessionContext } from './context.ts'
import { requireSameOrigin } from './csrf.ts'
import type { LiveSession } from './live-session.ts'
import type { Refresher } from './refresh.ts'
import type { Session, SessionRequest, SessionUse } from './types.ts'
import { endOf, isLive, readLive } from './vault.ts'

/**
 * The session of a request's cookie, with a fresh access token. At once if the session is cached and needs neither a refresh
 * nor a write.
 *
 * @throws {CW_SESSION_ORIGIN}
 */
export function findSession(
  context: SessionContext,
  keepFresh: Refresher,
  request: SessionRequest,
  use: SessionUse,
): Session | undefined | Promise<Session | undefined> {
  // A request with its own token never uses the browser's session.
  if (request.headers.get('authorization') !== null) return undefined
  const key = context.keyOf(request)
  if (key === undefined) return undefined
  requireSameOrigin(request, context.config.publicOrigin)
  return findByKey(context, keepFresh, key, use)
}

function findByKey(
  context: SessionContext,
  keepFresh: Refresher,
  key: string,
  use: SessionUse,
): Session | undefined | Promise<Session | undefined> {
  const found = context.cache.find(key, () => readLive(context, key), context.config)
  if (!isPromise(found) && isReady(context, found, use))
    return new FoundSession(context, keepFresh, found, found.record.expiresAt)
  return makeReady(context, keepFresh, key, found, use)
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
  context: SessionContext,
  keepFresh: Refresher,
  key: string,
  pending: LiveSession | Promise<LiveSession | undefined>,
  { extend = true, freshAfter }: SessionUse,
): Promise<Session | undefined> {
  const found = await pending
  // A cached session may have been used on another replica since then, which has extended it.
  const current = found === undefined || isLive(context, found) ? found : await readLive(context, key)
  if (current === undefined) return undefined
  const issuedAfter = freshAfter === undefined ? undefined : context.config.now() - freshAfter * 1000
  const live = await keepFresh(current, issuedAfter)
  if (live === undefined) return undefined
  const expiresAt = extend ? await noteUse(context, live) : live.record.expiresAt
  return new FoundSession(context, keepFresh, live, expiresAt)
}

/** A session as the service sees it. Its handle is a getter of the prototype: copies of a session and logs do not have it. */
class FoundSession implements Session {
  readonly key: string
  readonly sid: string | undefined
  readonly subject: string
  readonly accessToken: string
  readonly createdAt: number
  readonly expiresAt: number
  readonly #context: SessionContext
  readonly #keepFresh: Refresher

  constructor(
    context: SessionContext,
    keepFresh: Refresher,
    { record, tokens }: LiveSession,
    expiresAt: number,
  ) {
    this.key = record.key
    this.sid = record.sid
    this.subject = record.subject
    this.accessToken = tokens.accessToken
    this.createdAt = record.createdAt
    this.expiresAt = expiresAt
    this.#context = context
    this.#keepFresh = keepFresh
  }

  get [handleKey](): SessionHandle {
    const context = this.#context
    const keepFresh = this.#keepFresh
    return {
      issuer: context.config.issuer,
      current: async (freshAfter) =>
        await findByKey(context, keepFresh, this.key, { extend: false, freshAfter }),
      watch: (onNews) => context.watchers.add(this, onNews),
    }
  }
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
  cache.update({ record: { ...record, lastSeenAt: now, expiresAt }, tokens })
  return expiresAt
}

function needsTouch({ idleTimeout }: SessionConfig, { lastSeenAt }: SessionRecord, now: number): boolean {
  return now - lastSeenAt >= Math.min(60_000, idleTimeout / 10)
}
