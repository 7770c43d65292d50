import { ListeningConnection, type NotificationMessage, type PoolClientLike } from './pool-connection.ts'
import { checkChannel, type SqlClient } from './sql.ts'

interface Listener {
  readonly onNotify: (payload: string) => void
  readonly onReconnected: (() => void) | undefined
  /** Whether its LISTEN was active before: a new connection is then a reconnection. */
  listened: boolean
}

const firstDelay = 100
const longestDelay = 5_000

/**
 * Listens (LISTEN) on one dedicated connection for all channels. If the connection is lost, it reconnects: at once, then
 * at growing intervals, until there is no listener. Notifications in between are lost, as PostgreSQL does not store them:
 * listeners are told about the reconnection. A connection that broke silently looks like one without notifications.
 * So it is checked every `interval` milliseconds, and counts as lost if it has not responded by the next check.
 */
export function createPoolListener(
  connect: () => Promise<PoolClientLike>,
  interval = 15_000,
): SqlClient['listen'] {
  const listener = new PoolListener(connect, interval)
  return (channel, onNotify, onReconnected) => listener.listen(channel, onNotify, onReconnected)
}

class PoolListener {
  readonly #connect: () => Promise<PoolClientLike>
  readonly #interval: number
  readonly #channels = new Map<string, Set<Listener>>()
  #connection: Promise<ListeningConnection> | undefined
  #retry: NodeJS.Timeout | undefined
  #delay = firstDelay

  constructor(connect: () => Promise<PoolClientLike>, interval: number) {
    this.#connect = connect
    this.#interval = interval
  }

  async listen(
    channel: string,
    onNotify: Listener['onNotify'],
    onReconnected: Listener['onReconnected'],
  ): Promise<() => Promise<void>> {
    checkChannel(channel)
    const listener: Listener = { onNotify, onReconnected, listened: false }
    const listeners = this.#channels.get(channel) ?? new Set()
    this.#channels.set(channel, listeners.add(listener))
    const stop = async (): Promise<void> => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#channels.get(channel) === listeners) await this.#leave(channel)
    }
    try {
      const connection = await this.#open()
      await connection.listen(channel)
    } catch (error) {
      await stop()
      throw error
    }
    listener.listened = true
    return stop
  }

  /** The channel has no listener any more. */
  async #leave(channel: string): Promise<void> {
    this.#channels.delete(channel)
    if (this.#channels.size === 0) await this.#close()
    else await this.#connection?.then((connection) => connection.unlisten(channel)).catch(() => {})
  }

  #open(): Promise<ListeningConnection> {
    if (this.#connection !== undefined) return this.#connection
    const opening = this.#connectAndListen(() => {
      if (this.#connection !== opening) return // closed on purpose, or already replaced
      this.#connection = undefined
      this.#reconnectLater()
    })
    this.#connection = opening
    return opening
  }

  async #connectAndListen(onLost: () => void): Promise<ListeningConnection> {
    const client = await this.#connect().catch((error: unknown) => {
      onLost()
      throw error
    })
    // Nobody may take a notification of this connection for a sign that the last one missed nothing.
    let told = false
    const notify = (message: NotificationMessage): void => {
      if (told) this.#notify(message)
    }
    const connection = new ListeningConnection(client, notify, onLost)
    // From the beginning: a connection that hangs must not keep others from being opened.
    connection.watch(this.#interval)
    try {
      for (const channel of this.#channels.keys()) await connection.listen(channel)
    } catch (error) {
      connection.close()
      throw error
    }
    this.#delay = firstDelay
    told = true
    this.#tellReconnected()
    return connection
  }

  #notify({ channel, payload = '' }: NotificationMessage): void {
    for (const { onNotify } of this.#channels.get(channel) ?? []) onNotify(payload)
  }

  #tellReconnected(): void {
    for (const listeners of this.#channels.values())
      for (const { listened, onReconnected } of listeners) if (listened) onReconnected?.()
  }

  #reconnectLater(): void {
    if (this.#channels.size === 0 || this.#retry !== undefined) return
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      if (this.#channels.size > 0) this.#open().catch(() => {}) // onLost has already planned the next attempt
    }, this.#delay)
    this.#retry.unref()
    this.#delay = Math.min(this.#delay * 2, longestDelay)
  }

  async #close(): Promise<void> {
    const closing = this.#connection
    this.#connection = undefined
    clearTimeout(this.#retry)
    this.#retry = undefined
    const connection = await closing?.catch(() => undefined)
    connection?.close()
  }
}
