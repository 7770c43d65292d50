import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import type { Driver, Service } from '../drivers/types.ts'
import { form } from './client.ts'
import { useSessions } from './session-world.ts'

/** Streams of events (SSE) of every adapter. */
export function testSessionStreams(driver: Driver): void {
  const world = useSessions(driver)

  test('a stream of events ends when its session ends, and no other', async () => {
    const cookies = [await world.signIn('alice'), await world.signIn('bob')] as const
    const alice = await openEvents(world.service, cookies[0])
    const bob = await openEvents(world.service, cookies[1])
    const fields = [['cookie', cookies[0]], ['sec-fetch-site', 'same-origin'], form] as const
    expect((await world.send('/auth/logout', { method: 'POST', fields, body: '' })).status).toBe(303)
    await alice.closed
    expect(bob.response.closed).toBe(false)
  })
}

interface Events {
  readonly response: IncomingMessage
  readonly closed: Promise<void>
}

/** Opens a stream of events, and waits for the first one. */
async function openEvents({ port }: Service, cookie: string): Promise<Events> {
  const headers = { cookie, accept: 'text/event-stream' }
  const request = get({ host: '127.0.0.1', port, path: '/events', headers, agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  onTestFinished(() => void request.destroy())
  const closed = new Promise<void>((resolve) => response.once('close', resolve))
  // Where the connection breaks, the response is incomplete.
  response.on('error', () => {})
  let text = ''
  response.on('data', (part: Buffer) => (text += String(part)))
  while (!text.includes('data: hello')) await once(response, 'data')
  return { response, closed }
}
