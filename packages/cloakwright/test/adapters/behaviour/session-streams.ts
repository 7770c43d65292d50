import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { clientId } from '../../session/support/provider.ts'
import type { Driver, Service } from '../drivers/types.ts'
import { form } from './client.ts'
import { useSessions } from './session-world.ts'

/** Streams of events (SSE) of every adapter. */
export function testSessionStreams(driver: Driver): void {
  const world = useSessions(driver)

  test.each(['text/event-stream', '*/*'])(
    'a stream of events ends when its session ends, and no other (Accept: %s)',
    async (accept) => {
      const cookies = [await world.signIn('alice'), await world.signIn('bob')] as const
      const alice = await openEvents(world.service, { cookie: cookies[0], accept })
      const bob = await openEvents(world.service, { cookie: cookies[1], accept })
      const fields = [['cookie', cookies[0]], ['sec-fetch-site', 'same-origin'], form] as const
      expect((await world.send('/auth/logout', { method: 'POST', fields, body: '' })).status).toBe(303)
      await alice.closed
      expect(bob.response.closed).toBe(false)
    },
  )

  test.each(['text/event-stream', '*/*'])(
    'a stream of events ends when its bearer token is revoked (Accept: %s)',
    async (accept) => {
      const { issuer } = world.provider
      const iat = Math.floor(Date.now() / 1000)
      const claims = {
        iss: issuer,
        aud: clientId,
        typ: 'Bearer',
        sub: 'sub-dora',
        iat,
        exp: iat + 60,
      }
      const sid = `sid-dora ${accept}`
      const token = await world.provider.sign({ ...claims, sid, jti: 'd' }, { typ: 'JWT' })
      const events = await openEvents(world.service, { authorization: `Bearer ${token}`, accept })
      await world.revocations.revoke(issuer, { sid })
      await events.closed
    },
  )
}

interface Events {
  readonly response: IncomingMessage
  readonly closed: Promise<void>
}

/** Opens a stream of events, and waits for the first one. */
export async function openEvents(
  { port }: Service,
  headers: Record<string, string>,
  path = '/events',
): Promise<Events> {
  const request = get({ host: '127.0.0.1', port, path, headers, agent: false })
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
