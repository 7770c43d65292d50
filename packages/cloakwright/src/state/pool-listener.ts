import { toStateError } from './failure.ts'
import { checkChannel, type SqlClient } from './sql.ts'

/** A NOTIFY as `pg` hands it over. */
export interface NotificationMessage {
  readonly channel: string
  readonly payload?: string | undefined
}

/** The part of a `pg` client that is used. */
export interface PoolClientLike {
  // oxlint-disable-next-line typescript/no-explicit-any -- a driver's row has no type before the caller names one
  query(text: string, params?: any[]): Promise<{ rows: any[]; rowCount: number | null }>
  /** An error, or `true`, closes the connection instead of handing it back. */
  release(error?: Error | boolean): void
  on(event: 'notification', listener: (message: NotificationMessage) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'end', listener: () => void): unknown
  removeListener(event: 'error', listener: (error: Error) => void): unknown
}

interface Listening {
  readonly client: PoolClientLike
  readonly release: () => void
}

interface Listener {
  readonly onNotify: (payload: string) => void
  readonly onReconnected: (() => void) | undefined
  /** Whether its LISTEN has been in force: another connection is then a reconnection to it. */
  listened: boolean
}

const firstDelay = 100
const longestDelay = 5_000

/**
 * LISTEN on one dedicated connection for all channels. When it is lost, it connects again, at first at once and then
 * ever more slowly, until nobody listens any more. What is notified in between is lost, as PostgreSQL keeps nothing:
 * listeners are told when they hear again. A connection that died without a word looks like one on which nothing is
 * said: so it is asked every `interval` milliseconds, and lost if it has not answered by the next time.
 */
export function createPoolListener(
  connect: () => Promise<PoolClientLike>,
  interval = 15_000,
): SqlClient['listen'] {
  const channels = new Map<string, Set<Listener>>()
  let connection: Promise<Listening> | undefined
  let retry: NodeJS.Timeout | undefined
  let delay = firstDelay

  const open = (): Promise<Listening> => {
    if (connection !== undefined) return connection
    const opening = connectAndListen(() => {
      if (connection !== opening) return // closed on purpose, or already replaced
      connection = undefined
      reconnectLater()
    })
    connection = opening
    return opening
  }

  const connectAndListen = async (onLost: () => void): Promise<Listening> => {
    const client = await connect().catch((error: unknown) => {
      onLost()
      throw error
    })
    let released = false
    let pulse: NodeJS.Timeout | undefined
    // Closes the connection, never hands it back to the pool: it still listens. `end` follows every release.
    const release = (): void => {
      if (released) return
      released = true
      clearInterval(pulse)
      client.release(true)
      onLost()
    }
    client.on('notification', ({ channel, payload = '' }) => {
      for (const { onNotify } of channels.get(channel) ?? []) onNotify(payload)
    })
    client.on('error', release)
    client.on('end', release)
    try {
      for (const channel of channels.keys()) await client.query(`LISTEN ${channel}`)
    } catch (error) {
      release()
      throw toStateError(error)
    }
    delay = firstDelay
    let answered = true
    pulse = setInterval(() => {
      if (!answered) release()
      else {
        answered = false
        client.query('SELECT 1').then(() => (answered = true), release)
      }
    }, interval)
    pulse.unref()
    for (const listeners of channels.values())
      for (const { listened, onReconnected } of listeners) if (listened) onReconnected?.()
    return { client, release }
  }

  const reconnectLater = (): void => {
    if (channels.size === 0 || retry !== undefined) return
    retry = setTimeout(() => {
      retry = undefined
      if (channels.size > 0) open().catch(() => {}) // onLost has already planned the next attempt
    }, delay)
    retry.unref()
    delay = Math.min(delay * 2, longestDelay)
  }

  const close = async (): Promise<void> => {
    const closing = connection
    connection = undefined
    clearTimeout(retry)
    retry = undefined
    const listening = await closing?.catch(() => undefined)
    listening?.release()
  }

  return async (channel, onNotify, onReconnected) => {
    checkChannel(channel)
    const listener: Listener = { onNotify, onReconnected, listened: false }
    const listeners = channels.get(channel) ?? new Set()
    channels.set(channel, listeners.add(listener))
    const stop = async (): Promise<void> => {
      listeners.delete(listener)
      if (listeners.size > 0 || channels.get(channel) !== listeners) return
      channels.delete(channel)
      if (channels.size === 0) await close()
      else await connection?.then(({ client }) => client.query(`UNLISTEN ${channel}`)).catch(() => {})
    }
    try {
      const { client } = await open()
      await client.query(`LISTEN ${channel}`).catch((error: unknown) => {
        throw toStateError(error)
      })
    } catch (error) {
      await stop()
      throw error
    }
    listener.listened = true
    return stop
  }
}
