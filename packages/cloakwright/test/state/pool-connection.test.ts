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
