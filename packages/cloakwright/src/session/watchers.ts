import type { Session } from './types.ts'

/** The sessions that may have ended: one, all of a provider session, all of a user, or all. */
export type Ended = { readonly key: string } | { readonly sid: string } | { readonly subject: string } | 'all'

/** Notifies callers in this process that wait for the end of a session. */
export interface Watchers {
  add(session: Session, onNews: () => void): () => void
  /** Calls back everyone who may be affected; they read the store themselves. */
  tell(ended: Ended): void
}

interface Watcher {
  readonly session: Session
  readonly onNews: () => void
}

/** By the session's key, since most of the time one session ends; a back-channel logout checks all of them. */
export function createWatchers(): Watchers {
  const byKey = new Map<string, Set<Watcher>>()

  const concerned = (ended: Ended): readonly Watcher[] => {
    if (ended !== 'all' && 'key' in ended) return [...(byKey.get(ended.key) ?? [])]
    return Array.from(byKey.values(), (watchers) => [...watchers])
      .flat()
      .filter(
        ({ session }) =>
          ended === 'all' || ('sid' in ended ? session.sid === ended.sid : session.subject === ended.subject),
      )
  }

  return {
    add(session, onNews) {
      const watcher = { session, onNews }
      const watchers = byKey.get(session.key) ?? new Set()
      byKey.set(session.key, watchers.add(watcher))
      return () => {
        if (watchers.delete(watcher) && watchers.size === 0) byKey.delete(session.key)
      }
    },
    tell(ended) {
      for (const { onNews } of concerned(ended)) onNews()
    },
  }
}
