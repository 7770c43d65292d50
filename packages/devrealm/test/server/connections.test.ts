import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createDevRealm, type DevRealm } from '@cloakwright/devrealm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let devRealm: DevRealm
let port: number
let token: string

beforeAll(async () => {
  devRealm = await createDevRealm()
  port = Number(new URL(await devRealm.listen()).port)
  const response = await fetch(`http://localhost:${port}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'admin-cli',
      username: 'admin',
      password: 'admin',
    }),
  })
  token = ((await response.json()) as { access_token: string }).access_token
})
afterAll(() => devRealm.close())

/** A raw connection: the test writes each byte, and reads everything until the end. */
class Wire {
  readonly socket: Socket = connect(port, '127.0.0.1')
  received = ''

  constructor() {
    this.socket.on('data', (data) => {
      this.received += String(data)
    })
    this.socket.on('error', () => {})
  }

  write(...lines: string[]): void {
    this.socket.write(lines.join('\r\n'))
  }

  async closed(): Promise<string> {
    if (!this.socket.closed) await once(this.socket, 'close')
    return this.received
  }

  async firstLine(): Promise<string> {
    while (!this.received.includes('\r\n')) await once(this.socket, 'data')
    return this.received.split('\r\n')[0] ?? ''
  }
}

const post = (path: string, length: number, ...headers: string[]): string[] => [
  `POST ${path} HTTP/1.1`,
  `Host: localhost:${port}`,
  'Content-Type: application/json',
  `Content-Length: ${length}`,
  ...headers,
  '',
  '',
]

describe('a request body', () => {
  it('of 60 MB without a token is rejected before it is read, and the connection is closed', async () => {
    const wire = new Wire()
    wire.write(...post('/admin/realms', 60_000_000))

    await once(wire.socket, 'end')
    expect(wire.received).toMatch(/^HTTP\/1\.1 401 .*\r\nconnection: close\r\n/is)
  })

  it('of 60 MB that is sent anyway does not prevent reading the response', async () => {
    const wire = new Wire()
    wire.write(...post('/admin/realms', 60_000_001), '{')
    wire.socket.write(Buffer.alloc(60_000_000, 32))

    await once(wire.socket, 'end')
    expect(wire.received).toMatch(/^HTTP\/1\.1 401 /)
    await wire.closed()
  })

  it('of 60 MB with a wrong token is rejected before it is read', async () => {
    const wire = new Wire()
    wire.write(...post('/admin/realms/master/users', 60_000_000, 'Authorization: Bearer e30.e30.e30'))

    expect(await wire.closed()).toMatch(/^HTTP\/1\.1 401 /)
  })

  it('without a length is rejected before it is read too', async () => {
    const wire = new Wire()
    wire.write(
      'PUT /admin/realms/master HTTP/1.1',
      'Host: localhost',
      'Transfer-Encoding: chunked',
      '',
      '5',
      'a',
    )

    expect(await wire.closed()).toMatch(/^HTTP\/1\.1 401 .*\r\nconnection: close\r\n/is)
  })

  it('that is short and rejected keeps the connection for the next request', async () => {
    const wire = new Wire()
    wire.write(
      ...post('/admin/realms', 2).slice(0, -1),
      '{}GET /realms/master HTTP/1.1',
      'Host: localhost',
      'Connection: close',
      '',
      '',
    )

    expect((await wire.closed()).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200'])
  })

  it('is requested only from an authenticated client (100-continue)', async () => {
    const refused = new Wire()
    refused.write(...post('/admin/realms', 60_000_000, 'Expect: 100-continue'))
    expect(await refused.firstLine()).toBe('HTTP/1.1 401 Unauthorized')

    const asked = new Wire()
    asked.write(
      ...post(
        '/admin/realms',
        2,
        `Authorization: Bearer ${token}`,
        'Expect: 100-continue',
        'Connection: close',
      ),
    )
    expect(await asked.firstLine()).toBe('HTTP/1.1 100 Continue')
    asked.write('{}')
    expect((await asked.closed()).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 100', 'HTTP/1.1 400'])
  })

  it('that is malformed is reported before a missing role, a missing token before both', async () => {
    await devRealm.importRealm({
      realm: 'rights',
      enabled: true,
      clients: [{ clientId: 'page', publicClient: true, directAccessGrantsEnabled: true }],
      users: [
        {
          username: 'visitor',
          email: 'visitor@example.org',
          firstName: 'V',
          lastName: 'V',
          enabled: true,
          credentials: [{ type: 'password', value: 'visitor' }],
          clientRoles: { 'realm-management': ['view-users'] },
        },
      ],
    })
    const grant = { grant_type: 'password', client_id: 'page', username: 'visitor', password: 'visitor' }
    const { access_token: visitor } = (await (
      await fetch(`http://localhost:${port}/realms/rights/protocol/openid-connect/token`, {
        method: 'POST',
        body: new URLSearchParams(grant),
      })
    ).json()) as { access_token: string }
    const statusOf = async (body: string, authorization?: string): Promise<number> => {
      const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) }
      return (
        await fetch(`http://localhost:${port}/admin/realms/rights/users`, { method: 'POST', headers, body })
      ).status
    }

    expect(await statusOf('{"user', `Bearer ${visitor}`)).toBe(400)
    expect(await statusOf('{"username":"new"}', `Bearer ${visitor}`)).toBe(403)
    expect(await statusOf('{"user')).toBe(401)
  })
})

describe('an incomplete request', () => {
  it('has 30 seconds, its headers 10', () => {
    const { requestTimeout, headersTimeout } = devRealm.app.server

    expect([requestTimeout, headersTimeout]).toEqual([30_000, 10_000])
  })

  it('times out, whether it stalls in its headers or sends its body slowly', async () => {
    const { server } = devRealm.app
    const { requestTimeout, headersTimeout } = server
    Object.assign(server, { requestTimeout: 50, headersTimeout: 50 })
    try {
      const body = new Wire()
      body.write(...post('/realms/master/protocol/openid-connect/token', 200_000), 'a=b')
      const headers = new Wire()
      headers.write('GET /realms/master HTTP/1.1', 'Host: localhost', 'X-Slow: a')
      const silent = new Wire()
      const drip = setInterval(() => body.socket.write('c'), 100)

      expect(await body.closed()).toMatch(/^HTTP\/1\.1 408 .*\r\nconnection: close\r\n/is)
      clearInterval(drip)
      expect(await headers.closed()).toMatch(/^HTTP\/1\.1 408 /)
      await silent.closed()
    } finally {
      Object.assign(server, { requestTimeout, headersTimeout })
    }
  })
})

describe('a connection', () => {
  it('gets Connection: close with an unreadable request: headers of 20 KB, no HTTP', async () => {
    const long = new Wire()
    long.write('GET /realms/master HTTP/1.1', 'Host: localhost', `X-Long: ${'x'.repeat(20_000)}`, '', '')
    expect(await long.closed()).toMatch(/^HTTP\/1\.1 431 .*\r\nconnection: close\r\n/is)

    const other = new Wire()
    other.write('\u0016\u0003\u0001 hello', '', '')
    expect(await other.closed()).toMatch(/^HTTP\/1\.1 400 .*\r\nconnection: close\r\n/is)
  })

  it('over the limit is closed, and a freed place is used again', async () => {
    const { server } = devRealm.app
    const bound = server.maxConnections
    expect(bound).toBe(1_000)
    const first = new Wire()
    await once(first.socket, 'connect')
    server.maxConnections = 1
    try {
      const second = new Wire()
      expect(await second.closed()).toBe('')
    } finally {
      server.maxConnections = bound
      first.socket.destroy()
    }
    const third = new Wire()
    third.write('GET /realms/master HTTP/1.1', 'Host: localhost', 'Connection: close', '', '')
    expect(await third.closed()).toMatch(/^HTTP\/1\.1 200 /)
  })
})
