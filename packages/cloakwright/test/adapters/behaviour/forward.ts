import { once } from 'node:events'
import { get, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Driver, Service } from '../drivers/types.ts'
import { until } from '../support/sockets.ts'
import { type RawUpstream, startRawUpstream } from '../support/upstream.ts'
import { form, type Received, type Sent, send } from './client.ts'
import { type SessionWorld, useSessions } from './session-world.ts'
import { smuggling } from './smuggling.ts'

const script = [
  ['sec-fetch-site', 'same-origin'],
  ['x-csrf', '1'],
] as const

/** Requests that every adapter forwards to another service. */
export function testForward(driver: Driver): void {
  const world = useSessions(driver)
  let upstream: RawUpstream
  let service: Service
  let cookie = ''
  beforeAll(async () => {
    upstream = await startRawUpstream()
    const forwarded = { upstream: `${upstream.url}/v1`, options: { prefix: '/api' } }
    service = await world.start({ forwarded })
  })
  beforeEach(async () => {
    upstream.reset()
    if (cookie === '') cookie = await world.signIn()
  })
  afterAll(() => upstream.close())

  const forwarded = (path: string, sent: Sent = {}): Promise<Received> =>
    send(service, path, { ...sent, fields: [['cookie', cookie], ...(sent.fields ?? [])] })
  const respond = (head: string, body = ''): void => {
    upstream.respond = () =>
      `HTTP/1.1 ${head}\r\nContent-Length: ${Buffer.byteLength(body, 'latin1')}\r\n\r\n${body}`
  }

  test('a request reaches the upstream with the token of the session, its own query, and without the cookie', async () => {
    const { status, text } = await forwarded('/api/orders/7?q=a%20b+c%2Fd&q=%7B')
    expect([status, text]).toEqual([200, 'ok'])
    const [request] = upstream.requests
    expect(request?.target).toBe('/v1/orders/7?q=a%20b+c%2Fd&q=%7B')
    expect(request?.all('authorization')).toEqual([
      expect.stringMatching(/^Bearer ey[\w-]+\.[\w-]+\.[\w-]+$/),
    ])
    expect(request?.all('cookie')).toEqual([])
    expect(request?.all('host')).toEqual([new URL(upstream.url).host])
    expect(request?.all('x-forwarded-prefix')).toEqual(['/api'])
    expect(request?.all('x-forwarded-host')).toEqual([`127.0.0.1:${service.port}`])
    expect(request?.all('x-forwarded-for')).toEqual(driver.knowsConnection ? ['127.0.0.1'] : [])
  })

  test.each([
    ['cookies', 'cookie', 'other=1'],
    ['another token', 'x-authorization-copy', undefined],
    ['a forged client', 'x-forwarded-for', '6.6.6.6'],
    ['a forged client, with underscores', 'x_forwarded_for', '6.6.6.6'],
    ['a forged host', 'x-forwarded-host', 'pirate.example'],
    ['a forged scheme', 'x-forwarded-proto', 'gopher'],
    ['a forged user', 'x-forwarded-user', 'root'],
    ['the standard header of proxies', 'forwarded', 'for=6.6.6.6;host=pirate.example'],
    ['the address that nginx sets', 'x-real-ip', '6.6.6.6'],
    ['another path', 'x-original-url', '/admin'],
    ['another path, as nginx names it', 'x-original-uri', '/admin'],
    ['a forged certificate', 'client-cert', ':Zm9yZ2Vk:'],
    ['a forged certificate, as proxies name it', 'x-ssl-client-cert', 'forged'],
    ['a forged check of a certificate', 'ssl-client-verify', 'SUCCESS'],
    ['credentials for a proxy', 'proxy-authorization', 'Basic cm9vdDpyb290'],
    ['a header of the connection', 'te', 'trailers, gzip'],
    ['a proof of another token', 'dpop', 'ey.ey.ey'],
  ])('the upstream does not get %s', async (_what, name, value = 'secret') => {
    await forwarded('/api/x', { fields: [[name, value]] })
    const [request] = upstream.requests
    const values = request?.fields.filter(([one]) => one.replaceAll('_', '-') === name.replaceAll('_', '-'))
    if (name !== 'x-authorization-copy') for (const one of values ?? []) expect(one[1]).not.toBe(value)
    expect(request?.all('cookie')).toEqual([])
  })

  test.each<[string, string, string]>([
    ['JSON', 'application/json', '{"big":12345678901234567890, "a":1,"a":2}'],
    ['a form', 'application/x-www-form-urlencoded', 'title=%41+b&title=2'],
    ['other bytes', 'application/octet-stream', 'a\u0000b'],
  ])('%s arrives byte for byte', async (_what, type, body) => {
    const received = await forwarded('/api/orders', {
      method: 'POST',
      body,
      fields: [...script, ['content-type', type]],
    })
    expect(received.status).toBe(200)
    expect(upstream.requests[0]?.body).toBe(body)
    expect(upstream.requests[0]?.all('content-type')).toEqual([type])
  })

  test.each(['PUT', 'PATCH', 'DELETE'])('the method %s is passed on, also without a body', async (method) => {
    expect((await forwarded('/api/x', { method, fields: [...script] })).status).toBe(200)
    expect(upstream.requests.map((one) => one.method)).toEqual([method])
  })

  test('a request that changes data needs proof that it comes from this site', async () => {
    const cross = await forwarded('/api/x', {
      method: 'POST',
      body: '',
      fields: [['sec-fetch-site', 'cross-site'], form],
    })
    const simple = await forwarded('/api/x', {
      method: 'DELETE',
      fields: [['sec-fetch-site', 'same-origin']],
    })
    expect([cross.status, simple.status]).toEqual([403, 403])
    expect(upstream.requests).toEqual([])
  })

  test('a request without a session does not reach the upstream', async () => {
    const { status, json } = await send(service, '/api/x')
    expect([status, json()]).toEqual([401, expect.objectContaining({ code: 'CW_TOKEN_MISSING' })])
    expect(upstream.requests).toEqual([])
  })

  test('the client gets neither cookies nor headers for the whole origin, and no cache keeps the response', async () => {
    respond(
      [
        '200 OK',
        'Set-Cookie: __Host-cloakwright=stolen; Path=/; Secure',
        'Access-Control-Allow-Origin: https://pirate.example',
        'Strict-Transport-Security: max-age=1',
        'Clear-Site-Data: "*"',
        'Cache-Control: public, max-age=600',
        'CDN-Cache-Control: max-age=600',
        'Surrogate-Control: max-age=600',
        'X-Accel-Expires: 600',
        'X-Accel-Redirect: /internal/secret',
        'X-Sendfile: /etc/passwd',
        'NEL: {"report_to":"pirate"}',
        'Report-To: {"group":"pirate"}',
        'Connection: X-Internal',
        'X-Internal: secret',
        'X-Total: 3',
        'X-Multi: a',
        'X-Multi: b',
      ].join('\r\n'),
    )
    const { headers } = await forwarded('/api/x')
    for (const name of [
      'set-cookie',
      'access-control-allow-origin',
      'strict-transport-security',
      'clear-site-data',
      'cdn-cache-control',
      'surrogate-control',
      'x-accel-expires',
      'x-accel-redirect',
      'x-sendfile',
      'nel',
      'report-to',
      'x-internal',
    ])
      expect(headers[name], name).toBeUndefined()
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-total': '3',
      'x-multi': 'a, b',
    })
  })

  test.runIf(driver.hasCors)('headers that this service has set before stay', async () => {
    const open = await world.start({ forwarded: { upstream: upstream.url }, cors: true })
    respond('200 OK\r\nAccess-Control-Allow-Origin: https://pirate.example')
    const { headers } = await send(open, '/api/x', { fields: [['cookie', cookie]] })
    expect(headers['access-control-allow-origin']).toBe('*')
  })

  test('the upstream’s challenge for a token is passed on, but none for a password', async () => {
    respond('403 Forbidden\r\nWWW-Authenticate: Bearer error="insufficient_scope"')
    expect((await forwarded('/api/x')).headers['www-authenticate']).toBe('Bearer error="insufficient_scope"')
    respond('401 Unauthorized\r\nWWW-Authenticate: Basic realm="api"')
    const refused = await forwarded('/api/x')
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, undefined])
  })

  test.each([
    ['/v1/orders/8', '/api/orders/8'],
    ['UPSTREAM/v1/orders/8?a=1#b', '/api/orders/8?a=1#b'],
    ['9', '/api/orders/9'],
    ['https://elsewhere.example/x', 'https://elsewhere.example/x'],
    ['/login', 'UPSTREAM/login'],
    ['UPSTREAM/v1//pirate.example', '/api//pirate.example'],
  ])('the Location %s is %s for the browser', async (location, expected) => {
    const here = (text: string): string => text.replace('UPSTREAM', upstream.url)
    respond(`302 Found\r\nLocation: ${here(location)}`)
    const { status, headers } = await forwarded('/api/orders/7')
    expect([status, headers['location']]).toEqual([302, here(expected)])
    expect(upstream.requests).toHaveLength(1)
  })

  test('HEAD, 204 and 304 have no body', async () => {
    upstream.respond = ({ method }) =>
      method === 'HEAD'
        ? 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX-A: 1\r\n\r\n'
        : `HTTP/1.1 ${upstream.requests.length === 2 ? '204 No Content' : '304 Not Modified\r\nETag: "e"'}\r\n\r\n`
    const head = await forwarded('/api/x', { method: 'HEAD' })
    expect([head.status, head.text, head.headers['x-a']]).toEqual([200, '', '1'])
    expect((await forwarded('/api/x')).status).toBe(204)
    const unchanged = await forwarded('/api/x', { fields: [['if-none-match', '"e"']] })
    expect([unchanged.status, unchanged.headers['etag']]).toEqual([304, '"e"'])
    expect(upstream.requests.at(-1)?.all('if-none-match')).toEqual(['"e"'])
  })

  test.each([
    ['a switch to a WebSocket', '101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket'],
    ['a status that is none', '999 Odd\r\nContent-Length: 0'],
    ['a status below all', '099 Odd\r\nContent-Length: 0'],
  ])('%s, which nobody requested, is a failure of the upstream', async (_what, head) => {
    const closed: Promise<unknown>[] = []
    upstream.respond = (_request, socket) => {
      closed.push(once(socket, 'close'))
      return `HTTP/1.1 ${head}\r\n\r\n`
    }
    const { status, json } = await forwarded('/api/x')
    expect([status, json()]).toEqual([502, expect.objectContaining({ code: 'CW_UPSTREAM_UNAVAILABLE' })])
    await Promise.all(closed)
  })

  test.each([
    ['GET', 2, 200],
    ['DELETE', 1, 502],
  ])('%s on a connection that breaks off is sent %i times', async (method, times, expected) => {
    const sent = () => upstream.requests.filter(({ target }) => target === '/v1/once').length
    upstream.respond = ({ target }, socket) => {
      if (target !== '/v1/once' || sent() > 1) return 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
      socket.resetAndDestroy()
      return undefined
    }
    await forwarded('/api/before')
    const { status } = await forwarded('/api/once', { method, fields: [...script] })
    expect([status, sent()]).toEqual([expected, times])
  })

  test('a compressed response is passed on as it is', async () => {
    const zipped = gzipSync('hello hello hello')
    respond('200 OK\r\nContent-Encoding: gzip', zipped.toString('latin1'))
    const received = await new Promise<{ encoding: string | undefined; bytes: Buffer }>((resolve) => {
      const options = { host: '127.0.0.1', port: service.port, path: '/api/x', agent: false }
      get({ ...options, headers: { cookie, 'accept-encoding': 'gzip' } }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ encoding: response.headers['content-encoding'], bytes: Buffer.concat(chunks) }),
        )
      })
    })
    expect(received).toEqual({ encoding: 'gzip', bytes: zipped })
    expect(upstream.requests[0]?.all('accept-encoding')).toEqual(['gzip'])
  })

  describe('a token that the upstream refuses', () => {
    const issuedBefore = async (seconds: number): Promise<string> => {
      const give = world.provider.onToken
      world.provider.onToken = async (answer, sent) => {
        const { body, ...rest } = (await give?.(answer, sent)) ?? answer
        const [, payload = ''] = String(body['access_token']).split('.')
        const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { readonly iat: number }
        const token = await world.provider.sign({ ...claims, iat: claims.iat - seconds }, { typ: 'JWT' })
        return { ...rest, body: { ...body, access_token: token } }
      }
      return await world.signIn('carol')
    }
    const refuseFirst = (): void => {
      upstream.respond = () =>
        `HTTP/1.1 ${upstream.requests.length === 1 ? '401 Unauthorized' : '200 OK'}\r\nContent-Length: 0\r\n\r\n`
    }

    test.each(['GET', 'HEAD'])('is renewed once for %s', async (method) => {
      const fields = [['cookie', await issuedBefore(60)]] as const
      refuseFirst()
      expect((await send(service, '/api/x', { method, fields })).status).toBe(200)
      const [first, second] = upstream.requests.map(({ all }) => all('authorization')[0])
      expect(second).toMatch(/^Bearer ey/)
      expect(second).not.toBe(first)
      respond('401 Unauthorized')
      upstream.requests.length = 0
      expect((await send(service, '/api/x', { method, fields })).status).toBe(401)
      expect(upstream.requests).toHaveLength(2)
    })

    test('is not renewed if it is new, or if the request cannot be repeated', async () => {
      const old = await issuedBefore(60)
      refuseFirst()
      const post = { method: 'POST', body: 'title=1', fields: [['cookie', old], ...script, form] } as const
      expect((await send(service, '/api/x', post)).status).toBe(401)
      world.provider.reset()
      upstream.requests.length = 0
      expect((await forwarded('/api/x')).status).toBe(401)
      expect(upstream.requests).toHaveLength(1)
    })
  })

  test.each([
    ['/api/../admin'],
    ['/api/%2e%2e/admin'],
    ['/api/..%2fadmin'],
    ['/api/..;/admin'],
    ['/api//pirate.example'],
    ['/api/\\pirate.example'],
    ['/api/%5c..'],
    ['/api/%61dmin'],
    ['/api/a%00'],
    ['/api/a%0d%0aX:1'],
    ['/api/%c0%ae%c0%ae/x'],
    ['/api/%252e%252e/x'],
    ['/api/%zz'],
    ['/api/a%2fb'],
    ['/api/;a=b'],
  ])('the path %s is not forwarded', async (path) => {
    const { status } = await forwarded(path)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(upstream.requests).toEqual([])
  })

  test('an upstream that is down is reported as such, and no connection detail is shown', async () => {
    const other = await startRawUpstream()
    await other.close()
    const down = await world.start({ forwarded: { upstream: other.url } })
    const { status, headers, text } = await send(down, '/api/x', { fields: [['cookie', cookie]] })
    expect([status, headers['retry-after']]).toEqual([502, '5'])
    expect(JSON.parse(text)).toMatchObject({ code: 'CW_UPSTREAM_UNAVAILABLE', status: 502 })
    expect(text).not.toContain(new URL(other.url).port)
    expect(driver.logs.at(-1)).toMatchObject({ code: 'CW_UPSTREAM_UNAVAILABLE', level: 'warn' })
  })

  test('an upstream that does not respond in time: 504', async () => {
    upstream.respond = () => undefined
    const slow = await world.start({ forwarded: { upstream: upstream.url, options: { timeout: 30 } } })
    expect((await send(slow, '/api/x', { fields: [['cookie', cookie]] })).status).toBe(504)
  })

  test('the token can be another one, or none', async () => {
    const tokens: (string | undefined)[] = ['exchanged', undefined]
    const options = { token: async () => tokens.shift() }
    const other = await world.start({ forwarded: { upstream: upstream.url, options } })
    for (const expected of [['Bearer exchanged'], []]) {
      await send(other, '/api/x', { fields: [['cookie', cookie]] })
      expect(upstream.requests.at(-1)?.all('authorization')).toEqual(expected)
    }
    expect(upstream.requests.at(-1)?.target).toBe('/api/x')
  })

  test('a stream of events passes at once, and ends on both sides when the session ends', async () => {
    const closed: Promise<unknown>[] = []
    upstream.respond = (_request, socket) => {
      closed.push(once(socket, 'close'))
      return 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: hello\n\n'
    }
    const own = await world.signIn('bob')
    const request = get({
      host: '127.0.0.1',
      port: service.port,
      path: '/api/events',
      agent: false,
      headers: { cookie: own },
    })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.on('error', () => {})
    expect(String((await once(response, 'data'))[0])).toBe('data: hello\n\n')
    const ended = once(response, 'close').catch(() => {})
    const fields = [['cookie', own], ['sec-fetch-site', 'same-origin'], form] as const
    expect((await world.send('/auth/logout', { method: 'POST', fields, body: '' })).status).toBe(303)
    await ended
    await Promise.all(closed)
  })

  test('large bodies pass in both directions without being kept', async () => {
    await testLargeBodies(world, driver, cookie)
  })

  describe.runIf(driver.knowsConnection)('over a raw connection', () => {
    test('the upstream’s connection ends when the client goes away', async () => {
      const closed = new Promise<void>((resolve) => {
        upstream.respond = (_request, socket) => {
          socket.once('close', () => resolve())
          return undefined
        }
      })
      const client = connect(service.port, '127.0.0.1')
      client.write(`GET /api/x HTTP/1.1\r\nHost: a\r\nCookie: ${cookie}\r\n\r\n`)
      await until(() => upstream.requests.length === 1)
      client.destroy()
      await closed
    })

    test('the client sees that a response broke off', async () => {
      upstream.respond = (_request, socket) => {
        setImmediate(() => socket.destroy())
        return 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'
      }
      // Hono sends nothing before it has the first part of the body, so it still can respond with an error.
      expect(await forwarded('/api/x').then(({ status: code }) => code, String)).toSatisfy(
        (outcome) => outcome === 500 || outcome === 'Error: aborted',
      )
    })

    smuggling({ service: () => service, upstream: () => upstream, cookie: () => cookie })
  })
}

/** The bytes of a body that is far larger than all buffers between both ends. */
const large = 24 * 1024 * 1024

async function testLargeBodies(world: SessionWorld, _driver: Driver, cookie: string): Promise<void> {
  const upstream = await startRawUpstream()
  let received = 0
  // Too much for the parser of the raw upstream: its bytes are only counted.
  upstream.respond = () => undefined
  const { createServer } = await import('node:http')
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => (received += chunk.length))
    if (request.method === 'GET') response.end(Buffer.alloc(large, 'a'))
    else request.on('end', () => response.end(String(received)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { readonly port: number }
  const service = await world.start({ forwarded: { upstream: `http://127.0.0.1:${port}` } })
  const options = { host: '127.0.0.1', port: service.port, path: '/api/x', agent: false }
  const headers = {
    cookie,
    'x-csrf': '1',
    'sec-fetch-site': 'same-origin',
    'content-type': 'application/octet-stream',
  }
  const upload = httpRequest({ ...options, method: 'POST', headers })
  const sizeOf = async (request: ReturnType<typeof httpRequest>): Promise<readonly [number, string]> => {
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    let size = 0
    let last = ''
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length
      last = chunk.toString('latin1', 0, 20)
    }
    return [size, last]
  }
  const uploaded = sizeOf(upload)
  for (let sent = 0; sent < large; sent += 1024 * 1024)
    if (!upload.write(Buffer.alloc(1024 * 1024))) await once(upload, 'drain')
  upload.end()
  expect((await uploaded)[1]).toBe(String(large))
  expect((await sizeOf(get({ ...options, headers })))[0]).toBe(large)
  server.closeAllConnections()
  server.close()
  await upstream.close()
}
