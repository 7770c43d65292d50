import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ListeningConnection } from '../../src/state/pool-connection.ts'
import { createPoolListener } from '../../src/state/pool-listener.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

/** The queries of a pool's connection. */
class Connection extends EventEmitter {
  readonly queries: string[] = []
  released = 0
  async query(text: string): Promise<{ rows: []; rowCount: number }> {
    this.queries.push(text)
    return { rows: [], rowCount: 0 }
  }
  release(): void {
    this.released += 1
  }
}

test('a connection that is lost before it is watched gets no more queries', async () => {
  const connection = new Connection()
  const listening = new ListeningConnection(
    connection,
    () => {},
    () => {},
  )
  connection.emit('end')
  listening.watch(1000)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(connection).toMatchObject({ queries: [], released: 1 })
  expect(vi.getTimerCount()).toBe(0)
})

test('statements wait for each other, also after one that fails', async () => {
  const connection = new Connection()
  let open = 0
  let most = 0
  vi.spyOn(connection, 'query').mockImplementation(async (text) => {
    open += 1
    most = Math.max(most, open)
    await Promise.resolve()
    open -= 1
    if (text.includes('two')) throw new Error('a test')
    connection.queries.push(text)
    return { rows: [], rowCount: 0 }
  })
  const listening = new ListeningConnection(
    connection,
    () => {},
    () => {},
  )
  const [, second] = await Promise.allSettled(
    ['one', 'two', 'three'].map((channel) => listening.listen(channel)),
  )
  expect(most).toBe(1)
  expect(second?.status).toBe('rejected')
  expect(connection.queries).toEqual(['LISTEN one', 'LISTEN three'])
})

test('a new connection brings no notification before its listeners know of the loss', async () => {
  const connections: Connection[] = []
  const listen = createPoolListener(async () => {
    const connection = new Connection()
    connections.push(connection)
    const notify = (payload: string): boolean => connection.emit('notification', { channel: 'one', payload })
    vi.spyOn(connection, 'query').mockImplementation(async (text) => {
      if (text === 'LISTEN two') notify('early')
      return { rows: [], rowCount: 0 }
    })
    return connection
  })
  const heard: string[] = []
  const stops = [
    await listen(
      'one',
      (payload) => heard.push(payload),
      () => heard.push('reconnected'),
    ),
    await listen('two', () => {}),
  ]
  heard.length = 0
  connections[0]?.emit('end')
  await vi.waitFor(() => expect(connections).toHaveLength(2))
  await vi.waitFor(() => expect(heard).not.toEqual([]))
  connections[1]?.emit('notification', { channel: 'one', payload: 'later' })
  expect(heard).toEqual(['reconnected', 'later'])
  for (const stop of stops) await stop()
})

test('a connection that hangs before it listens is replaced', async () => {
  const connections: Connection[] = []
  const connect = async (): Promise<Connection> => {
    const connection = new Connection()
    if (connections.length === 0) {
      // As `pg` does, a query that is open at the release fails.
      const hangs = new Promise<never>((_, reject) => {
        connection.release = () => reject(new Error('a test: terminated'))
      })
      vi.spyOn(connection, 'query').mockImplementation(() => hangs)
    }
    connections.push(connection)
    return connection
  }
  const listen = createPoolListener(connect, 1000)
  const first = listen('one', () => {}).catch((error: Error) => error)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(await first).toBeInstanceOf(Error)
  const stop = await listen('two', () => {})
  expect(connections.at(-1)?.queries).toContain('LISTEN two')
  await stop()
})
