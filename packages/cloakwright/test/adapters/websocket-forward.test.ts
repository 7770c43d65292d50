import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createRevocations, createVerifier } from 'cloakwright'
import { createUpgradeGuard, forward } from 'cloakwright/websocket'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import type { Browser } from '../session/support/browser.ts'
import { clientId, startProvider, type TestProvider } from '../session/support/provider.ts'
import { host, publicUrl, sessionCookie, setup } from '../session/support/setup.ts'
import { giveAccessTokens } from './support/access-tokens.ts'
import { echo, openSocket, refusalOf } from './support/sockets.ts'
import { startRawUpstream } from './support/upstream.ts'

let provider: TestProvider

beforeAll(async () => {
  provider = await startProvider()
})
beforeEach(() => {
  provider.reset()
  giveAccessTokens(provider)
})
afterAll(() => provider.close())

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** An API whose WebSockets echo, and the requests that opened them. */
async function startApi(onOpen: (ws: WebSocket) => void = (ws) => ws.send('hello')) {
  const opened: IncomingMessage[] = []
  const closed: number[] = []
  const server = createServer((_request, response) => response.writeHead(404).end())
  const sockets = new WebSocketServer({
    server,
    perMessageDeflate: { threshold: 0 },
    handleProtocols: (offered) => [...offered][0] ?? false,
  })
  sockets.on('connection', (ws, request) => {
    opened.push(request)
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }))
    ws.on('close', (code) => closed.push(code))
    ws.on('error', () => {})
    onOpen(ws)
  })
  const port = await listen(server)
  return { url: `http://127.0.0.1:${port}`, opened, closed }
}

/** A service that forwards WebSockets below `/api`. */
async function startService(upstream: string) {
  const revocations = createRevocations()
  const made = setup(provider, { revocations })
  const verifier = createVerifier({ issuer: provider.issuer, audience: clientId, revocations })
  const refused: string[] = []
  const onRefused = ({ code }: { readonly code: string }): void => void refused.push(code)
  const guard = createUpgradeGuard({ verifier, sessions: made.sessions, onRefused })
  const toApi = forward(upstream, { prefix: '/api', timeout: 2_000 })
  const server = createServer((_request, response) => response.end('plain'))
  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    if ((await guard(request, socket)) !== undefined) await toApi(request, socket, head)
  }
  server.on('upgrade', (request, socket, head) => void upgrade(request, socket, head))
  return { ...made, refused, port: await listen(server) }
}

const handshakeOf = (browser: Browser): Record<string, string> => ({
  cookie: `${sessionCookie}=${browser.cookies(host).get(sessionCookie) ?? ''}`,
  origin: publicUrl,
})
const logOut = (browser: Browser): Promise<Response> =>
  browser.send(`${publicUrl}/auth/logout`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
  })

describe('a WebSocket that is forwarded', () => {
  test('reaches the upstream with the token of the session, and passes messages in both directions', async () => {
    const api = await startApi()
    const { port, signIn } = await startService(`${api.url}/v1`)
    const headers = {
      ...handshakeOf(await signIn()),
      'x-forwarded-for': '6.6.6.6',
      'x-forwarded-host': 'pirate.example',
    }
    const { ws, greeting } = await openSocket(port, headers, '/api/feed?since=1')
    expect(greeting).toBe('hello')
    const [request] = api.opened
    expect(request?.url).toBe('/v1/feed?since=1')
    expect(request?.headers).toMatchObject({
      authorization: expect.stringMatching(/^Bearer ey/) as unknown,
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': host,
      'x-forwarded-proto': 'https',
    })
    expect(request?.headers.cookie).toBeUndefined()
    expect(await echo(ws, 'a'.repeat(300_000))).toBe('a'.repeat(300_000))
    const chat = new WebSocket(`ws://127.0.0.1:${port}/api/chat`, ['chat', 'other'], { headers })
    await once(chat, 'open')
    expect(chat.protocol).toBe('chat')
    ws.close(4000, 'bye')
    await once(ws, 'close')
    expect(api.closed).toEqual([4000])
  })

  test('ends with 4401 "session ended" on both sides when the user signs out, and no other ends', async () => {
    const api = await startApi()
    const { port, signIn } = await startService(api.url)
    const alice = await signIn()
    const { end } = await openSocket(port, handshakeOf(alice), '/api/feed')
    provider.user = 'bob'
    const bob = await openSocket(port, handshakeOf(await signIn()), '/api/feed')
    expect((await logOut(alice)).status).toBe(303)
    expect(await end).toEqual([4401, 'session ended'])
    expect(await echo(bob.ws, 'still here')).toBe('still here')
    expect(api.closed).toEqual([1006])
  })

  test('ends with a close frame between two frames, however much the upstream is sending', async () => {
    const part = Buffer.alloc(70_000, 'x')
    const api = await startApi((ws) => {
      ws.send('hello')
      const more = (): void => {
        if (ws.readyState === WebSocket.OPEN) ws.send(part, { compress: false }, () => setImmediate(more))
      }
      for (let one = 0; one < 10; one++) more()
    })
    const { port, signIn } = await startService(api.url)
    const browser = await signIn()
    const { ws, end } = await openSocket(port, handshakeOf(browser), '/api/feed')
    const sizes = new Set<number>()
    ws.on('message', (data: RawData) => sizes.add((data as Buffer).length))
    await once(ws, 'message')
    await logOut(browser)
    expect(await end).toEqual([4401, 'session ended'])
    expect([...sizes]).toEqual([part.length])
  })

  test('ends when its session ends before the upstream has responded', async () => {
    const upstream = await startRawUpstream()
    onTestFinished(() => upstream.close())
    const asked = new Promise<Socket>((resolve) => {
      upstream.respond = (_request, socket) => {
        resolve(socket)
        return undefined
      }
    })
    const { port, signIn } = await startService(upstream.url)
    const browser = await signIn()
    const ws = new WebSocket(`ws://127.0.0.1:${port}/api/feed`, { headers: handshakeOf(browser) })
    const failed = once(ws, 'error')
    const closed = once(await asked, 'close')
    await logOut(browser)
    await Promise.all([failed, closed])
  })

  test('ends when the upstream ends it, and when it breaks off', async () => {
    const api = await startApi((ws) => {
      ws.send('hello')
      ws.once('message', (data: Buffer) =>
        data.toString() === 'break' ? ws.terminate() : ws.close(4001, 'over'),
      )
    })
    const { port, signIn } = await startService(api.url)
    const headers = handshakeOf(await signIn())
    const first = await openSocket(port, headers, '/api/feed')
    first.ws.send('close')
    expect(await first.end).toEqual([4001, 'over'])
    const second = await openSocket(port, headers, '/api/feed')
    second.ws.send('break')
    expect((await second.end)[0]).toBe(1006)
  })

  test('the refusal of the upstream is passed on', async () => {
    const upstream = await startRawUpstream()
    onTestFinished(() => upstream.close())
    const body = '{"code":"TOO_MANY"}'
    upstream.respond = () =>
      `HTTP/1.1 429 Too Many Requests\r\nSet-Cookie: a=b\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const { port, signIn } = await startService(upstream.url)
    expect(await refusalOf(port, handshakeOf(await signIn()), '/api/feed')).toEqual({
      status: 429,
      code: 'TOO_MANY',
    })
  })

  test('without a session, the Origin says nothing about the host', async () => {
    const upstream = await startRawUpstream()
    onTestFinished(() => upstream.close())
    upstream.respond = () => 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nX-Place: caf\xe9\r\n\r\nno'
    const toApi = forward(upstream.url, { token: () => undefined })
    const server = createServer()
    server.on('upgrade', (request, socket, head) => void toApi(request, socket, head))
    const socket = connect(await listen(server), '127.0.0.1')
    socket.write(
      'GET /x HTTP/1.1\r\nHost: app.example.com\r\nOrigin: https://pirate.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    const [answer] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    expect(upstream.requests[0]?.all('x-forwarded-host')).toEqual(['app.example.com'])
    expect(answer.toString('latin1')).toContain('x-place: caf\xe9\r\n')
  })

  test('an upstream that is down: 502', async () => {
    const upstream = await startRawUpstream()
    await upstream.close()
    const { port, signIn, refused } = await startService(upstream.url)
    const headers = handshakeOf(await signIn())
    const expected = { status: 502, code: 'CW_UPSTREAM_UNAVAILABLE' }
    expect(await refusalOf(port, headers, '/api/feed')).toEqual(expected)
    expect(refused).toEqual([expected.code])
  })

  test.each([
    ['another website', '/api/feed', { origin: 'https://pirate.example' }, 403, 'CW_SESSION_ORIGIN'],
    ['a path that is not below the prefix', '/feed', {}, 404, 'CW_FORWARD_REFUSED'],
    [
      'a session that does not exist',
      '/api/feed',
      { cookie: `${sessionCookie}=${'A'.repeat(43)}` },
      401,
      'CW_TOKEN_MISSING',
    ],
  ])('is refused from %s', async (_what, path, headers, status, code) => {
    const api = await startApi()
    const { port, signIn } = await startService(api.url)
    expect(await refusalOf(port, { ...handshakeOf(await signIn()), ...headers }, path)).toEqual({
      status,
      code,
    })
    expect(api.opened).toEqual([])
  })

  test.each([
    ['HTTP/2', 'GET /api/x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c'],
    ['two protocols', 'GET /api/x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket, h2c'],
    ['two headers', 'GET /api/x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c'],
    ['another method', 'POST /api/x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket'],
    ['a body', 'GET /api/x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2'],
    [
      'a chunked body',
      'GET /api/x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked',
    ],
    [
      'a target on another host',
      'GET http://pirate.example/api/x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket',
    ],
  ])('an upgrade with %s does not reach the upstream', async (_what, head) => {
    const upstream = await startRawUpstream()
    onTestFinished(() => upstream.close())
    const { port, signIn } = await startService(upstream.url)
    const { cookie, origin } = handshakeOf(await signIn())
    const socket = connect(port, '127.0.0.1')
    socket.write(
      `${head}\r\nHost: a\r\nCookie: ${cookie}\r\nOrigin: ${origin}\r\nX-CSRF: 1\r\nSec-Fetch-Site: same-origin\r\n\r\nGET /hidden HTTP/1.1\r\n\r\n`,
    )
    const [answer] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(upstream.bytes.join('')).toBe('')
  })

  test('an upstream that switches to another protocol is not believed', async () => {
    const upstream = await startRawUpstream()
    onTestFinished(() => upstream.close())
    upstream.respond = () => 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'
    const { port, signIn } = await startService(upstream.url)
    const expected = { status: 502, code: 'CW_UPSTREAM_UNAVAILABLE' }
    expect(await refusalOf(port, handshakeOf(await signIn()), '/api/feed')).toEqual(expected)
  })
})
