import type { RevokedBy } from '../state/index.ts'
import type { AccessToken } from './access-token.ts'

/** Who waits for the revocation of a token, of one issuer. */
export interface TokenWatchers {
  readonly size: number
  /** Adds one who waits; returns what ends the wait. */
  add(token: AccessToken, onRevoked: () => void): () => void
  /** Those whom a revocation may concern: of a session, a user, a token, or all of the issuer's. */
  find(by: RevokedBy): readonly TokenWatcher[]
}

export interface TokenWatcher {
  readonly token: AccessToken
  readonly onRevoked: () => void
}

/** Found by what revocations name, so that one among ten thousand open sockets costs no look at the others. */
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
