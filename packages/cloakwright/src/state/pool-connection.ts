import { toStateError } from './failure.ts'

/** A NOTIFY as `pg` delivers it. */
export interface NotificationMessage {
  readonly channel: string
  readonly payload?: string | undefined
}

/** The part of a `pg` client that is used. */
export interface PoolClientLike {
  // oxlint-disable-next-line typescript/no-explicit-any -- a driver's row has no type before the caller names one
  query(text: string, params?: any[]): Promise<{ rows: any[]; rowCount: number | null }>
  /** An error, or `true`, closes the connection instead of returning it to the pool. */
  release(error?: Error | boolean): void
  on(event: 'notification', listener: (message: NotificationMessage) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'end', listener: () => void): unknown
  removeListener(event: 'error', listener: (error: Error) => void): unknown
}

/** One connection of a pool, used to listen. */
export class ListeningConnection {
  readonly #client: PoolClientLike
  readonly #onClosed: () => void
  #closed = false
  #pulse: NodeJS.Timeout | undefined
  #last: Promise<unknown> = Promise.resolve()

  /** @param onClosed Called once, whichever side closed it. */
  constructor(
    client: PoolClientLike,
    onNotification: (message: NotificationMessage) => void,
    onClosed: () => void,
  ) {
    this.#client = client
    this.#onClosed = onClosed
    const close = (): void => this.close()
    client.on('notification', onNotification)
    client.on('error', close)
    client.on('end', close)
  }

  /** @throws {CW_STATE_UNAVAILABLE} */
  async listen(channel: string): Promise<void> {
    try {
      await this.#run(`LISTEN ${channel}`)
    } catch (error) {
      throw toStateError(error)
    }
  }

  async unlisten(channel: string): Promise<void> {
    await this.#run(`UNLISTEN ${channel}`)
  }

  /** Checks at this interval (milliseconds) that the connection works, and closes it if it has not responded by the next check. */
  watch(interval: number): void {
    if (this.#closed) return
    let answered = true
    const close = (): void => this.close()
    this.#pulse = setInterval(() => {
      if (!answered) close()
      else {
        answered = false
        this.#run('SELECT 1').then(() => (answered = true), close)
      }
    }, interval)
    this.#pulse.unref()
  }

  /** One statement at a time: `pg` does not accept another one before the first has ended. */
  async #run(statement: string): Promise<void> {
    const before = this.#last
    const mine = before.then(() => this.#client.query(statement))
    // The next statement does not depend on the result.
    this.#last = mine.catch(() => {})
    await mine
  }

  /** Never returns it to the pool, because it still listens. `end` follows every release. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#pulse)
    this.#client.release(true)
    this.#onClosed()
  }
}
