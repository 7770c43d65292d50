import {
  ignore,
  type RedisClientLike,
  type RedisConnectionLike,
  runCommand,
  withinTimeout,
} from './redis-client.ts'

/** Milliseconds between two checks of a subscribed connection. */
const checkInterval = 15_000

/** What a subscriber is told. */
export interface Subscriber {
  onMessage(message: string): void
  /** Messages may have been lost: Redis does not keep them for a lost connection. */
  onReconnected(): void
}

/**
 * Subscribes on a connection of its own until the returned function is called. The client reconnects it after a loss.
 * A connection that broke silently looks like one without messages. So it is checked at an interval in milliseconds, and
 * replaced if it does not respond.
 *
 * @throws {CW_STATE_UNAVAILABLE}
 */
export async function subscribe(
  client: RedisClientLike,
  channel: string,
  subscriber: Subscriber,
  interval: number = checkInterval,
): Promise<() => Promise<void>> {
  const subscription = new Subscription(client, channel, subscriber)
  await subscription.start(interval)
  return async () => subscription.stop()
}

class Subscription {
  readonly #client: RedisClientLike
  readonly #channel: string
  readonly #subscriber: Subscriber
  #connection: RedisConnectionLike
  #checks: NodeJS.Timeout | undefined
  #checking = false
  #wasLost = false
  #stopped = false

  constructor(client: RedisClientLike, channel: string, subscriber: Subscriber) {
    this.#client = client
    this.#channel = channel
    this.#subscriber = subscriber
    this.#connection = client.duplicate()
  }

  async start(interval: number): Promise<void> {
    try {
      await withinTimeout(() => this.#open())
    } catch (error) {
      close(this.#connection)
      throw error
    }
    this.#checks = setInterval(() => void this.#check(), interval)
    this.#checks.unref()
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#checks)
    close(this.#connection)
  }

  async #open(): Promise<void> {
    const connection = this.#connection
    let subscribed = false
    connection.on('error', ignore)
    // After a loss, the client subscribes again before it is ready.
    connection.on('ready', () => {
      if (subscribed) this.#subscriber.onReconnected()
    })
    await connection.connect()
    await connection.subscribe(this.#channel, (message) => {
      // After a loss, the first message must not come before the subscriber knows of the loss.
      if (subscribed && connection.isReady) this.#subscriber.onMessage(message)
    })
    subscribed = true
  }

  async #check(): Promise<void> {
    if (this.#checking) return
    this.#checking = true
    const connection = this.#connection
    const responds = connection.isReady && (await runCommand(connection, ['PING']).then(yes, no))
    this.#checking = false
    if (this.#stopped) return
    // A client that is reconnecting gets until the next check. It may also have given up.
    const replaced = !responds && (this.#wasLost || connection.isReady)
    this.#wasLost = !responds && !replaced
    if (replaced) this.#replace()
  }

  #replace(): void {
    close(this.#connection)
    this.#connection = this.#client.duplicate()
    // If it fails, the next checks find that it is not ready.
    this.#open().then(() => this.#subscriber.onReconnected(), ignore)
  }
}

function close(connection: RedisConnectionLike): void {
  try {
    connection.destroy()
  } catch {} // already closed
}

function yes(): boolean {
  return true
}

function no(): boolean {
  return false
}
