import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ListeningConnection } from '../../src/state/pool-connection.ts'

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
