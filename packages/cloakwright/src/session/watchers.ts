import type { Session } from './types.ts'

/** Which sessions have ended: one, those of a provider's session, or all of a user's. */
export type Ended = { readonly key: string } | { readonly sid: string } | { readonly subject: string }

/** Tells those who wait for the end of a session, in this process. */
export interface Watchers {
  add(session: Session, onNews: () => void): () => void
  /** Calls all back whom it may concern; they look at the store themselves. */
  tell(ended: Ended): void
}

interface Watcher {
  readonly session: Session
  readonly onNews: () => void
}

/** By the session's key, since most ends are those of one session; a back-channel logout looks at all of them. */
export function createWatchers(): Watchers {
  const byKey = new Map<string, Set<Watcher>>()

  const concerned = (ended: Ended): readonly Watcher[] => {
    if ('key' in ended) return [...(byKey.get(ended.key) ?? [])]
    return Array.from(byKey.values(), (watchers) => [...watchers])
      .flat()
      .filter(({ session }) =>
        'sid' in ended ? session.sid === ended.sid : session.subject === ended.subject,
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
