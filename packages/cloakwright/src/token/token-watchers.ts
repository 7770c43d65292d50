import type { RevokedBy } from '../state/index.ts'
import type { AccessToken } from './access-token.ts'

/** The callers that wait for the revocation of a token, for one issuer. */
export interface TokenWatchers {
  readonly size: number
  /** Adds a caller; returns a function that removes it. */
  add(token: AccessToken, onRevoked: () => void): () => void
  /** The callers that a revocation may concern: by session, user, token, or all of the issuer. */
  find(by: RevokedBy): readonly TokenWatcher[]
}

export interface TokenWatcher {
  readonly token: AccessToken
  readonly onRevoked: () => void
}

/** Indexed by the ids in revocations, so that one revocation among ten thousand open sockets checks only its own. */
export function createTokenWatchers(): TokenWatchers {
  const all = new Set<TokenWatcher>()
  const bySid = createIndex()
  const bySubject = createIndex()
  const byJti = createIndex()
  return {
    get size() {
      return all.size
    },
    add(token, onRevoked) {
      const watcher = { token, onRevoked }
      all.add(watcher)
      const removals = [
        bySid.add(token.sid, watcher),
        bySubject.add(token.subject, watcher),
        byJti.add(token.jti, watcher),
      ]
      return () => {
        all.delete(watcher)
        for (const remove of removals) remove()
      }
    },
    find(by) {
      if ('sid' in by) return bySid.get(by.sid)
      if ('subject' in by) return bySubject.get(by.subject)
      if ('jti' in by) return byJti.get(by.jti)
      return [...all]
    },
  }
}

interface Index {
  add(key: string | undefined, watcher: TokenWatcher): () => void
  get(key: string): readonly TokenWatcher[]
}

function createIndex(): Index {
  const sets = new Map<string, Set<TokenWatcher>>()
  return {
    add(key, watcher) {
      if (key === undefined) return () => {}
      const set = sets.get(key) ?? new Set()
      sets.set(key, set.add(watcher))
      return () => {
        if (set.delete(watcher) && set.size === 0) sets.delete(key)
      }
    },
    get: (key) => [...(sets.get(key) ?? [])],
  }
}
