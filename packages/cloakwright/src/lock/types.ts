import type { BigIntStats } from 'node:fs'

/** A lock that this process has until it releases it or dies. */
export interface HeldLock {
  readonly held: true
  release(): Promise<void>
}

/** A lock that another has. */
export interface RefusedLock {
  readonly held: false
  /** Who has it, as the subject or object of a sentence: pid and host, as far as they are known. */
  readonly holder: string
  /** What to do about the holder, as the beginning of a sentence; a `kill` only where its pid is one of this pid namespace. */
  readonly next: string
  /** Whether this very process has it. */
  readonly own: boolean
}

/** What a lock is on: the folder that two processes must both see, and what is locked in it. */
export interface LockTarget {
  readonly path: string
  readonly folder: string
  readonly stat: BigIntStats
}
