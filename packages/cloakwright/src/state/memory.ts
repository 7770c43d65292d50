import { systemTime } from '../clock.ts'
import { createUsedOnce, maxUsedOnce } from '../used-once.ts'
import { memoryFormStore } from './memory-forms.ts'
import type { RemovedSession, ReplayStore, SessionFeed, SessionRecord, SessionStore } from './ports.ts'

interface Entry {
  record: SessionRecord
  refresh: { readonly holder: string; readonly until: number } | undefined
}

/**
 * Keeps sessions in the memory of this process: for tests, and for a single replica that may lose them on restart.
 *
 * @param now Milliseconds since the epoch; the system’s time by default.
 *
 * @example
 * ```ts
 * import { memorySessionStore, type SessionStore } from 'cloakwright/state'
 *
 * export const store: SessionStore = memorySessionStore()
 * ```
 */
export function memorySessionStore(now: () => number = systemTime): SessionStore {
  const entries = new Map<string, Entry>()
  const followers = new Set<(key: string) => void>()
  const changed = (key: string): void => {
    for (const onChanged of followers) onChanged(key)
  }
  const drop = (key: string): boolean => {
    const dropped = entries.delete(key)
    if (dropped) changed(key)
    return dropped
  }
  const held = (key: string, holder: string): Entry | undefined => {
    const entry = entries.get(key)
    return entry?.refresh?.holder === holder ? entry : undefined
  }
  return {
    async create(record, replacedKey) {
      if (replacedKey !== undefined) drop(replacedKey)
      for (const [key, entry] of entries) if (entry.record.expiresAt < record.createdAt) entries.delete(key)
      entries.set(record.key, { record, refresh: undefined })
    },
    async read(key) {
      return entries.get(key)?.record
    },
    async touch(key, lastSeenAt, expiresAt) {
      const entry = entries.get(key)
      if (entry !== undefined) entry.record = { ...entry.record, lastSeenAt, expiresAt }
    },
    async remove(key) {
      const entry = entries.get(key)
      drop(key)
      return entry?.record
    },
    async removeWhere({ issuer, clientId }, by) {
      const removed: RemovedSession[] = []
      for (const [key, { record }] of entries) {
        const named =
          'sid' in by
            ? record.sid === by.sid
            : record.subject === by.subject && record.createdAt < by.createdBefore
        if (named && record.issuer === issuer && record.clientId === clientId && drop(key))
          removed.push(record)
      }
      return removed
    },
    async list({ issuer, clientId, subject }, now, limit) {
      return Array.from(entries.values(), ({ record }) => record)
        .filter((one) => one.issuer === issuer && one.clientId === clientId && one.subject === subject)
        .filter(({ expiresAt }) => expiresAt > now)
        .toSorted((one, other) => other.expiresAt - one.expiresAt)
        .slice(0, limit)
    },
    async writeData(key, data) {
      const entry = entries.get(key)
      if (entry === undefined || (entry.record.data?.version ?? 0) !== data.version - 1) return false
      entry.record = { ...entry.record, data }
      changed(key)
      return true
    },
    async claimRefresh(key, version, holder, duration) {
      const entry = entries.get(key)
      if (entry?.record.tokens.version !== version) return false
      if (entry.refresh !== undefined && entry.refresh.until > now()) return false
      entry.refresh = { holder, until: now() + duration }
      return true
    },
    async finishRefresh(key, holder, tokens, expiresAt) {
      const entry = held(key, holder)
      if (entry === undefined) return false
      entry.record = { ...entry.record, tokens, expiresAt: Math.max(entry.record.expiresAt, expiresAt) }
      entry.refresh = undefined
      changed(key)
      return true
    },
    async abandonRefresh(key, holder) {
      const entry = held(key, holder)
      if (entry !== undefined) entry.refresh = undefined
    },
    async endRefresh(key, holder) {
      return held(key, holder) !== undefined && drop(key)
    },
    async follow(onChanged) {
      // A function of its own: the same callback may follow twice.
      const follower = (key: string): void => onChanged(key)
      followers.add(follower)
      return {
        caughtUp: async () => {},
        close: async () => {
          followers.delete(follower)
        },
      } satisfies SessionFeed
    },
    ...memoryFormStore(),
    ...memoryReplayStore(),
  }
}

/**
 * Remembers single-use keys in the memory of this process: for tests, and for a single replica.
 *
 * @param maxEntries Maximum number of keys in memory, 200,000 by default (about 40 MB). When it is full, new keys are
 * refused until one has expired (`CW_STATE_UNAVAILABLE`): a key that is forgotten early could be used twice.
 *
 * @example
 * ```ts
 * import { memoryReplayStore, type ReplayStore } from 'cloakwright/state'
 *
 * export const replay: ReplayStore = memoryReplayStore()
 * ```
 */
export function memoryReplayStore(maxEntries: number = maxUsedOnce): ReplayStore {
  return createUsedOnce(maxEntries)
}
