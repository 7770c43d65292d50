import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { type BoundedResponse, fetchBounded } from 'cloakwright'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

const servers: Server[] = []
let handle: Handler
let origin: string
let elsewhere: string
const seenElsewhere: string[] = []

async function listen(handler: Handler): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

beforeAll(async () => {
  origin = await listen((request, response) => handle(request, response))
  elsewhere = await listen((request, response) => {
    seenElsewhere.push(`${request.method} ${request.url}`)
    response.end('{}')
  })
})
beforeEach(() => {
  seenElsewhere.length = 0
})
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

const send = (maxBytes = 1024, timeout = 5_000): Promise<BoundedResponse> =>
  fetchBounded(`${origin}/token?secret=canary`, {
    method: 'POST',
    headers: { authorization: 'Bearer canary' },
    body: 'password=canary',
    signal: AbortSignal.timeout(timeout),
    maxBytes,
    refuse: ({ kind, why, hint }) => new Error(`${kind}: ${why} (${hint})`),
  })

describe('a redirect', () => {
  test.each([300, 301, 302, 303, 305, 307, 308, 399])(
    '%i is not followed, and the error has both origins',
    async (status) => {
      handle = (_request, response) =>
        response
          .writeHead(status, { location: `${elsewhere.replace('//', '//user:canary@')}/x?canary` })
          .end()

      const error = await send().catch(String)

      expect(error).toContain(
        `redirect: responds with a redirect (${status}) to ${elsewhere}, which is not followed`,
      )
      expect(error).not.toContain('canary')
      expect(seenElsewhere).toEqual([])
    },
  )

  test.each([
    ['on the same origin', '/other'],
    ['without a location', undefined],
    ['to an invalid URL', 'http://['],
    ['to a script', 'javascript:alert(1)'],
  ])('%s is refused, too', async (_, location) => {
    handle = (_request, response) => response.writeHead(302, location === undefined ? {} : { location }).end()

    expect(await send().catch(String)).toContain(
      'redirect: responds with a redirect (302), which is not followed (Set the URL to the final one',
    )
  })

  test('is returned if the caller expects one, and not followed', async () => {
    handle = (_request, response) => response.writeHead(302, { location: elsewhere }).end()

    const { status, headers } = await fetchBounded(origin, {
      signal: AbortSignal.timeout(5_000),
      maxBytes: 10,
      returnRedirects: true,
      refuse: ({ why }) => new Error(why),
    })

    expect([status, headers.get('location'), seenElsewhere]).toEqual([302, elsewhere, []])
  })
})

describe('a body', () => {
  test('up to the limit is read', async () => {
    handle = (_request, response) => response.end('x'.repeat(1024))

    expect((await send()).body.toString()).toBe('x'.repeat(1024))
  })

  test('without end is read up to the limit, no further', async () => {
    let sent = 0
    handle = (_request, response) => {
      const part = Buffer.alloc(64 * 1024)
      const more = (): void => {
        while (!response.destroyed && response.write(part)) sent += part.length
      }
      response.on('drain', more)
      more()
    }

    expect(await send(1024 * 1024).catch(String)).toContain(
      'size: responds with a body of more than 1048576 bytes, which is too large',
    )
    expect(sent).toBeLessThan(16 * 1024 * 1024)
  })

  test('that is small until it is decompressed is limited as well', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000))
    handle = (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)

    expect(await send(1024 * 1024).catch(String)).toContain(
      'size: responds with a body of more than 1048576 bytes',
    )
  })

  test('that arrives byte by byte is aborted by the signal', async () => {
    handle = (_request, response) => {
      const drip = setInterval(() => response.write('x'), 10)
      response.on('close', () => clearInterval(drip))
    }

    await expect(send(1024, 150)).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  test('of an error that is too large does not hide the status', async () => {
    handle = (_request, response) => response.writeHead(401).end('x'.repeat(2048))

    expect(await send()).toMatchObject({ status: 401, body: Buffer.alloc(0) })
  })

  test('of a fetch that ignores the signal is aborted as well', async () => {
    const never = (): Promise<Response> => new Promise(() => {})

    await expect(
      fetchBounded(origin, {
        fetch: never,
        signal: AbortSignal.timeout(50),
        maxBytes: 1,
        refuse: ({ why }) => new Error(why),
      }),
    ).rejects.toMatchObject({ name: 'TimeoutError' })
  })
})
