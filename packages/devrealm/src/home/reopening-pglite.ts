import type { PGlite, Transaction } from '@electric-sql/pglite'
import { CloakwrightError } from 'cloakwright'
import { fromPglite, type SqlClient } from 'cloakwright/state'
import { requireRoom, roomToOpen } from './disk.ts'
import { GuardedPglite } from './guarded-pglite.ts'

interface Listener {
  readonly channel: string
  readonly onNotify: (payload: string) => void
  readonly onReconnected: (() => void) | undefined
  stop: () => Promise<void>
}

/** Milliseconds between a failed opening and the next attempt. */
const restAfterFailure = 5000

/**
 * A PGlite in a folder that reopens after its PostgreSQL has stopped (see {@link GuardedPglite}): at the next request, once
 * space is free. Its log is recovered as after a kill, so acknowledged data is kept, and LISTEN continues.
 */
export class ReopeningPglite {
  readonly #folder: string
  readonly #listeners = new Set<Listener>()
  #instance: GuardedPglite
  #reopening: Promise<GuardedPglite> | undefined
  #rests = false
  #isClosed = false

  private constructor(folder: string, instance: GuardedPglite) {
    this.#folder = folder
    this.#instance = instance
  }

  /** @throws {CW_DISK_FULL} when the disk is full */
  static async open(folder: string): Promise<ReopeningPglite> {
    return new ReopeningPglite(folder, await openGuarded(folder))
  }

  async query(...args: Parameters<PGlite['query']>): ReturnType<PGlite['query']> {
    return (await this.#living()).query(...args)
  }

  async exec(...args: Parameters<PGlite['exec']>): ReturnType<PGlite['exec']> {
    return (await this.#living()).exec(...args)
  }

  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return (await this.#living()).transaction(work)
  }

  async listen(
    ...[channel, onNotify, onReconnected]: Parameters<SqlClient['listen']>
  ): Promise<() => Promise<void>> {
    const stop = await fromPglite(await this.#living()).listen(channel, onNotify)
    const listener: Listener = { channel, onNotify, onReconnected, stop }
    this.#listeners.add(listener)
    return async () => {
      if (this.#listeners.delete(listener) && this.#instance.failure === undefined) await listener.stop()
    }
  }

  /** If PostgreSQL has stopped, it is not closed: closing would write, and the log is complete. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#reopening?.catch(() => {})
    if (this.#instance.failure === undefined) await this.#instance.close()
    else this.#instance.abandon()
  }

  async #living(): Promise<GuardedPglite> {
    if (this.#instance.failure === undefined) return this.#instance
    if (this.#isClosed) throw new Error('PGlite is closed')
    this.#reopening ??= this.#reopen(this.#instance.failure).finally(() => (this.#reopening = undefined))
    return this.#reopening
  }

  async #reopen(failure: CloakwrightError): Promise<GuardedPglite> {
    if (this.#rests) throw failure
    requireRoom(this.#folder, roomToOpen, failure)
    this.#instance.abandon()
    try {
      const next = await openGuarded(this.#folder)
      this.#instance = next
      const sql = fromPglite(next)
      for (const listener of this.#listeners)
        listener.stop = await sql.listen(listener.channel, listener.onNotify)
    } catch (error) {
      this.#rests = true
      setTimeout(() => (this.#rests = false), restAfterFailure).unref()
      throw error
    }
    for (const { onReconnected } of this.#listeners) onReconnected?.()
    return this.#instance
  }
}

async function openGuarded(folder: string): Promise<GuardedPglite> {
  const pglite = new GuardedPglite(folder)
  try {
    await pglite.waitReady
    return pglite
  } catch (cause) {
    pglite.abandon()
    requireRoom(folder, roomToOpen, cause)
    if (cause instanceof CloakwrightError) throw cause
    throw new CloakwrightError('CW_STATE_UNAVAILABLE', `Could not open the embedded database in ${folder}`, {
      hint: 'Try again. If it fails again, restore the folder from a backup, or move it away to start with an empty database.',
      retryAfter: 5,
      cause,
    })
  }
}
