import type { BigIntStats } from 'node:fs'

/** A lock that this process holds until it releases it or ends. */
export interface HeldLock {
  readonly held: true
  release(): Promise<void>
}

/** A lock that another process holds. */
export interface RefusedLock {
  readonly held: false
  /** The holder, as the subject or object of a sentence: pid and host, as far as they are known. */
  readonly holder: string
  /** What to do about the holder, as the start of a sentence. It has a `kill` command only if the pid is in this pid namespace. */
  readonly next: string
  /** Whether this process holds it. */
  readonly own: boolean
}

/** The place of a lock: the folder that both processes must see, and the name of the locked item in it. */
export interface LockTarget {
  readonly path: string
  readonly folder: string
  readonly stat: BigIntStats
}
