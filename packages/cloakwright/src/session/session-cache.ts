import type { SessionFeed, SessionStore } from '../state/index.ts'
import type { LiveSession } from './live-session.ts'
import type { Ended } from './watchers.ts'

/** Milliseconds for which a cached session may be used after the last proof that no change was missed. */
const proven = 1_000
/** Milliseconds after which a new proof is requested, so that a busy process always has one. */
const renewal = 400
/** Milliseconds after which a session is read again in any case. */
const maxAge = 60_000
/** Milliseconds before the first retry, if the store's changes cannot be followed. */
const retry = 5_000
const maxEntries = 10_000
const maxBytes = 32 * 1024 * 1024

/** Live sessions of this process, so that a request needs no read of the store. */
export interface SessionCache {
  /**
   * The cached session at once, or the result of `read` later; concurrent reads of one session are shared.
   *
   * @param owner The engine that reads: a session that one has read is nothing to another, which may not decrypt it.
   */
  find(
    key: string,
    read: () => Promise<LiveSession | undefined>,
    owner?: object,
  ): LiveSession | Promise<LiveSession | undefined>
  /** Replaces a cached session by a later state of it, with the same tokens and data. */
  update(live: LiveSession): void
  /** Forgets sessions that this process has just changed: it need not wait until the store reports the change. */
  forget(changed: Ended): void
  /** Stops following the store. */
  close(): Promise<void>
}

interface Entry {
  readonly live: LiveSession
  readonly owner: object | undefined
  readonly bytes: number
  readonly readAt: number
}

/** A read under way, which later requests join. */
interface Reading {
  readonly owner: object | undefined
  result: Promise<LiveSession | undefined> | undefined
}

/**
 * A logout must take effect on every replica within a second, even if the connection that would tell of it has died
 * without a sign. So a cached session is used only for a second after a proof: the store's echo of a message that this
 * process sent. Changes arrive in order; so after the echo, all earlier ones have arrived as well. Requests never wait
 * for a proof: without one, they read the store.
 *
 * @param onChanged Called with each session that was removed or refreshed, on any replica; `undefined` for all.
 */
export function createSessionCache(
  store: SessionStore,
  onChanged: (key: string | undefined) => void,
): SessionCache {
  const entries = new Map<string, Entry>()
  const reads = new Map<string, Reading>()
  let bytes = 0
  let feed: SessionFeed | undefined
  let opening: Promise<void> | undefined
  let provenUntil = 0
  let nextProof = 0
  let closed = false
  let isLate = false
  let nextTry: NodeJS.Timeout | undefined

  const drop = (key: string): void => {
    bytes -= entries.get(key)?.bytes ?? 0
    entries.delete(key)
  }
  // A read under way may have seen the state from before: it is not kept, and nobody joins it.
  const forget = (changed: Ended): void => {
    if (changed === 'all') {
      entries.clear()
      reads.clear()
      bytes = 0
    } else if ('key' in changed) {
      drop(changed.key)
      reads.delete(changed.key)
    } else {
      for (const [key, { live }] of entries) if (isOneOf(live, changed)) drop(key)
      reads.clear()
    }
  }
  const changed = (key: string | undefined): void => {
    forget(key === undefined ? 'all' : { key })
    onChanged(key)
  }
  const add = (live: LiveSession, owner: object | undefined, readAt: number): void => {
    const { key } = live.record
    drop(key)
    const { tokens, data } = live.record
    const size = (tokens.sealed.length + (data?.sealed.length ?? 0)) * 2 + 1024
    const entry = { live, owner, bytes: size, readAt }
    entries.set(key, entry)
    bytes += entry.bytes
    for (const oldest of entries.keys()) {
      if (entries.size <= maxEntries && bytes <= maxBytes) break
      drop(oldest)
    }
  }
  const readAndKeep = async (
    key: string,
    read: () => Promise<LiveSession | undefined>,
    reading: Reading,
  ): Promise<LiveSession | undefined> => {
    const followed = feed
    try {
      const live = await read()
      if (live === undefined) drop(key)
      else if (followed !== undefined && reads.get(key) === reading)
        add(live, reading.owner, performance.now())
      return live
    } finally {
      if (reads.get(key) === reading) reads.delete(key)
    }
  }
  const follow = async (): Promise<void> => {
    try {
      const opened = await store.follow(changed)
      if (closed) return await opened.close()
      feed = opened
      // Sockets stay open without a request: whoever watches a session reads it again.
      if (isLate) changed(undefined)
    } catch {
      // Sessions are read from the store until it can be followed; the read itself tells its caller of an outage.
      isLate = true
      nextProof = performance.now() + retry
      nextTry = setTimeout(() => void (opening ??= closed ? undefined : follow()), retry).unref()
    } finally {
      opening = undefined
    }
  }
  const prove = (now: number): void => {
    if (now < nextProof || closed) return
    nextProof = now + renewal
    if (feed === undefined) opening ??= follow()
    else
      feed.caughtUp().then(
        () => {
          provenUntil = Math.max(provenUntil, now + proven)
        },
        () => {},
      )
  }

  return {
    find(key, read, owner) {
      const now = performance.now()
      prove(now)
      const entry = entries.get(key)
      const isOwn = entry !== undefined && entry.owner === owner
      if (isOwn && now < provenUntil && now - entry.readAt < maxAge) return entry.live
      const running = reads.get(key)
      if (running?.result !== undefined && running.owner === owner) return running.result
      const reading: Reading = { owner, result: undefined }
      reads.set(key, reading)
      reading.result = readAndKeep(key, read, reading)
      return reading.result
    },
    update(live) {
      const entry = entries.get(live.record.key)
      if (entry !== undefined && isSameVersion(entry.live, live)) add(live, entry.owner, entry.readAt)
    },
    forget,
    async close() {
      closed = true
      clearTimeout(nextTry)
      await opening
      await feed?.close()
    },
  }
}

function isSameVersion({ record: one }: LiveSession, { record: other }: LiveSession): boolean {
  return one.tokens.version === other.tokens.version && one.data?.version === other.data?.version
}

function isOneOf(
  { record }: LiveSession,
  named: { readonly sid: string } | { readonly subject: string },
): boolean {
  return 'sid' in named ? record.sid === named.sid : record.subject === named.subject
}
