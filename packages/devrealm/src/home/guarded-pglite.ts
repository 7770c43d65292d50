import { closeSync } from 'node:fs'
import { PGlite } from '@electric-sql/pglite'
import { CloakwrightError } from 'cloakwright'
import { diskFull } from './disk.ts'

/** Status of the exception with which an ordinary statement error jumps back to PostgreSQL's main loop. */
const longJump = 100

/** PGlite's file streams; those of the data folder have a Node file descriptor (`nfd`). */
interface OpenFiles {
  readonly FS: { readonly streams: readonly ({ readonly nfd?: number } | null)[] }
}

/**
 * A PGlite that detects when its PostgreSQL has stopped: by a PANIC, mostly when the disk is full and its log cannot be
 * written, or by a WebAssembly fault. PGlite itself would block the process at the next statement (0.5.16:
 * `execProtocolRawSync` swallows the exception and loops). Here every further message, including ROLLBACK and Sync, is rejected
 * with the reason.
 */
export class GuardedPglite extends PGlite {
  #isWatched = false
  #hasEnded = false
  #failure: CloakwrightError | undefined

  /** Why its PostgreSQL has stopped; undefined while it runs. Acknowledged data is in the log: reopen the folder. */
  get failure(): CloakwrightError | undefined {
    return this.#failure
  }

  override async execProtocolStream(
    ...[message, options]: Parameters<PGlite['execProtocolStream']>
  ): ReturnType<PGlite['execProtocolStream']> {
    if (this.#failure !== undefined) throw this.#failure
    this.#watch()
    let reason: unknown
    try {
      const messages = await super.execProtocolStream(message, options)
      if (!this.#hasEnded) return messages
    } catch (error) {
      if (!this.#hasEnded) throw error
      reason = error
    }
    this.#failure = failureOf(reason)
    throw this.#failure
  }

  /** Releases files and memory of a stopped instance without a message to it: closing it would write. */
  abandon(): void {
    const { FS } = (this.mod ?? { FS: { streams: [] } }) as unknown as OpenFiles
    for (const stream of FS.streams) if (stream?.nfd !== undefined) closeSync(stream.nfd)
    delete this.mod
  }

  /** Watches every exception that leaves the main loop, and blocks calls after a fatal one. */
  #watch(): void {
    if (this.#isWatched) return
    this.#isWatched = true
    const module = this.Module
    const { _PostgresMainLoopOnce: runOnce, stackRestore } = module
    let isAskedAgain = false
    module._PostgresMainLoopOnce = () => {
      isAskedAgain = this.#hasEnded
      if (this.#hasEnded) throw new Error('PostgreSQL has ended')
      try {
        runOnce()
      } catch (error) {
        this.#hasEnded = (error as { status?: unknown }).status !== longJump
        throw error
      }
    }
    // Called for each exception of the loop; the only place to leave PGlite's outer loop.
    module.stackRestore = (pointer) => {
      if (isAskedAgain) throw new Error('PostgreSQL has ended')
      return stackRestore(pointer)
    }
  }
}

function failureOf(reason: unknown): CloakwrightError {
  const { code, message } = (reason ?? {}) as { code?: unknown; message?: string }
  if (code === '53100') return diskFull(`The embedded database has stopped: ${message}`, reason)
  const why = reason instanceof Error ? `: ${message}` : ''
  return new CloakwrightError('CW_STATE_UNAVAILABLE', `The embedded database has stopped${why}`, {
    hint: 'Send the request again: the database reopens by itself. If this happens again, restart the server and report this message.',
    retryAfter: 5,
    cause: reason,
  })
}
