import type { SessionRecord, SessionStore } from './ports.ts'

interface Entry {
  record: SessionRecord
  refresh: { readonly holder: string; readonly until: number } | undefined
}

/**
 * Keeps sessions in this process: for tests, and for a single replica that may lose them on restart.
 *
 * @param now Milliseconds since the epoch; `Date.now` by default.
 *
 * @example
 * ```ts
 * import { memorySessionStore, type SessionStore } from 'cloakwright/state'
 *
 * export const store: SessionStore = memorySessionStore()
 * ```
 */
export function memorySessionStore(now: () => number = Date.now): SessionStore {
  const entries = new Map<string, Entry>()
  const used = new Map<string, number>()
  const held = (key: string, holder: string): Entry | undefined => {
    const entry = entries.get(key)
    return entry?.refresh?.holder === holder ? entry : undefined
  }
  return {
    async create(record, replacedKey) {
      if (replacedKey !== undefined) entries.delete(replacedKey)
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
      entries.delete(key)
      return entry?.record
    },
    async removeWhere(issuer, by) {
      const before = entries.size
      for (const [key, { record }] of entries) {
        const named =
          'sid' in by
            ? record.sid === by.sid
            : record.subject === by.subject && record.createdAt < by.createdBefore
        if (named && record.issuer === issuer) entries.delete(key)
      }
      return before - entries.size
    },
    async claimRefresh(key, version, holder, duration) {
      const entry = entries.get(key)
      if (entry?.record.tokens.version !== version) return false
      if (entry.refresh !== undefined && entry.refresh.until > now()) return false
      entry.refresh = { holder, until: now() + duration }
      return true
    },
    async finishRefresh(key, holder, tokens) {
      const entry = held(key, holder)
      if (entry === undefined) return false
      entry.record = { ...entry.record, tokens }
      entry.refresh = undefined
      return true
    },
    async abandonRefresh(key, holder) {
      const entry = held(key, holder)
      if (entry !== undefined) entry.refresh = undefined
    },
    async endRefresh(key, holder) {
      return held(key, holder) !== undefined && entries.delete(key)
    },
    async useOnce(key, expiresAt, at) {
      for (const [known, until] of used) if (until < at) used.delete(known)
      if (used.has(key)) return false
      used.set(key, expiresAt)
      return true
    },
  }
}
