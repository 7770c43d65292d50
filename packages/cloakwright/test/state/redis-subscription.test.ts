import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import type { RedisClientLike, RedisConnectionLike } from '../../src/state/redis-client.ts'
import { subscribe } from '../../src/state/redis-subscription.ts'

/** A connection that is lost and restored at a chosen moment, which no server does. */
class Connection extends EventEmitter implements RedisConnectionLike {
  isReady = true
  message = (_message: string): void => {}
  async connect(): Promise<void> {}
  async sendCommand(): Promise<unknown> {
    return 'PONG'
  }
  async subscribe(_channel: string, listener: (message: string) => void): Promise<void> {
    this.message = listener
    listener('early')
  }
  destroy(): void {}
}

test('a restored connection brings no message before the subscriber knows of the loss', async () => {
  const connection = new Connection()
  const client: RedisClientLike = Object.assign(new Connection(), { duplicate: () => connection })
  const heard: string[] = []
  const stop = await subscribe(client, 'news', {
    onMessage: (message) => heard.push(message),
    onReconnected: () => heard.push('reconnected'),
  })
  connection.message('first')
  connection.isReady = false
  // The client has subscribed again, and is not ready yet.
  connection.message('echo')
  connection.isReady = true
  connection.emit('ready')
  connection.message('later')
  expect(heard).toEqual(['first', 'reconnected', 'later'])
  await stop()
})
