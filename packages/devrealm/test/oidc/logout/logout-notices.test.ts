import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { CloakwrightError } from 'cloakwright'
import { fromPglite, migrate, type SqlClient } from 'cloakwright/state'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openTemporaryDatabase } from '../../../src/home/index.ts'
import { createDevRealm, type DevRealm, type DevRealmOptions, migrations } from '../../../src/index.ts'
import { Browser, codeOf, demo, openDemo } from '../../support.ts'

interface Received {
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly token: string
  readonly response: ServerResponse
}

const received: Received[] = []
let answer = (response: ServerResponse): unknown => response.end()
const server = createServer((request, response) => {
  void text(request).then((form) => {
    const token = new URLSearchParams(form).get('logout_token') ?? ''
    received.push({ path: request.url, headers: request.headers, token, response })
    answer(response)
  })
})
let base: string
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  base = `127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  received.length = 0
  answer = (response) => response.end()
})

/** The demo realm, whose clients have these back-channel logout URLs. */
function open(
  urls: { app?: string; spa?: string },
  options: DevRealmOptions = {},
): ReturnType<typeof openDemo> {
  const clients = demo.clients.map((client) => {
    const url = urls[client.clientId as 'app' | 'spa']
    return url === undefined ? client : { ...client, attributes: { 'backchannel.logout.url': url } }
  })
  return openDemo(options, { clients })
}

/** Alice in a browser, with tokens of the client app. */
async function signIn(devRealm: DevRealm): Promise<{ browser: Browser; refreshToken: string }> {
  const browser = new Browser(devRealm)
  const tokens = await browser.exchange(codeOf(await browser.login()))
  return { browser, refreshToken: tokens.json().refresh_token ?? '' }
}

const logOut = (browser: Browser, refreshToken: string) =>
  browser.send('/realms/demo/protocol/openid-connect/logout', {
    client_id: 'app',
    client_secret: 'app-secret',
    refresh_token: refreshToken,
  })

/** As an administrator who uses this host. */
async function logOutAlice({ app }: DevRealm, host: string): Promise<number> {
  const { access_token } = (
    await app.inject({
      method: 'POST',
      url: '/realms/master/protocol/openid-connect/token',
      headers: { host, 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'grant_type=password&client_id=admin-cli&username=admin&password=admin',
    })
  ).json()
  const headers = { host, authorization: `Bearer ${access_token}` }
  const [alice] = (await app.inject({ url: '/admin/realms/demo/users?username=alice', headers })).json()
  const url = `/admin/realms/demo/users/${alice.id}/logout`
  return (await app.inject({ method: 'POST', url, headers })).statusCode
}

/** A logger that keeps what it is told. */
function memoryLog(): { lines: string[]; logger: NonNullable<DevRealmOptions['logger']> } {
  const lines: string[] = []
  const keep = (...told: unknown[]) => lines.push(JSON.stringify(told))
  const ignore = (): void => {}
  const logger = {
    level: 'warn',
    fatal: keep,
    error: keep,
    warn: keep,
    info: ignore,
    debug: ignore,
    trace: ignore,
    child: () => logger,
  } as unknown as NonNullable<DevRealmOptions['logger']>
  return { lines, logger }
}

describe('the clients of a session', () => {
  it('are all notified, at most 20 at the same time', async () => {
    const waiting: ServerResponse[] = []
    let most = 0
    answer = (response) => {
      most = Math.max(most, waiting.push(response))
      if (received.length === 20 || received.length === 30) for (const each of waiting.splice(0)) each.end()
    }
    const redirectUris = ['http://localhost:8000/callback']
    const extra = Array.from({ length: 30 }, (_, number) => ({
      clientId: `client-${number}`,
      secret: 'client-secret',
      redirectUris,
      attributes: { 'backchannel.logout.url': `http://${base}/client-${number}` },
    }))
    await using devRealm = await openDemo({}, { clients: [...demo.clients, ...extra] })
    const { browser, refreshToken } = await signIn(devRealm)
    for (const { clientId } of extra) {
      const code = codeOf(await browser.authorize({ client_id: clientId }))
      await browser.exchange(code, { client_id: clientId, client_secret: 'client-secret' })
    }
    expect((await logOut(browser, refreshToken)).status).toBe(204)
    expect(new Set(received.map(({ path }) => path)).size).toBe(30)
    expect(most).toBe(20)
  })
})

describe('a logout token that cannot be delivered', () => {
  it.each([
    ['an error', () => `http://${base}/x`, 'it answered 500'],
    ['a redirect', () => `http://${base}/redirect`, 'it answered 302'],
    ['a connection that is refused', () => 'http://127.0.0.1:1/', 'ECONNREFUSED'],
    ['a scheme that is not HTTP', () => 'ftp://127.0.0.1/', 'ERR_INVALID_PROTOCOL'],
    ['an invalid URL', () => 'http://[::1', 'ERR_INVALID_URL'],
  ])('is in the log with client and reason: %s', async (_, url, reason) => {
    answer = (response) =>
      received[0]?.path === '/redirect'
        ? response.writeHead(302, { location: `http://${base}/elsewhere` }).end()
        : response.writeHead(500).end()
    const { lines, logger } = memoryLog()
    await using devRealm = await open({ app: url() }, { logger })
    const { browser, refreshToken } = await signIn(devRealm)
    expect((await logOut(browser, refreshToken)).status).toBe(204)
    expect((await browser.refresh(refreshToken)).status).toBe(400)
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toEqual([
      { realm: 'demo', client: 'app', reason },
      'back-channel logout failed: the client must answer its backchannel.logout.url with status 200',
    ])
    expect(received.length).toBeLessThan(2)
  })

  it('keeps the token and the secrets of the URL out of the log', async () => {
    answer = (response) => response.writeHead(400).end()
    const { lines, logger } = memoryLog()
    await using devRealm = await open({ app: `http://user:hunter2@${base}/x?key=hunter3` }, { logger })
    const { browser, refreshToken } = await signIn(devRealm)
    await logOut(browser, refreshToken)
    const [request] = received
    expect(request).toMatchObject({ path: '/x?key=hunter3', token: expect.stringMatching(/^ey/) as string })
    expect(request?.headers.authorization).toBeUndefined()
    expect(lines).toHaveLength(1)
    for (const secret of [request?.token ?? '-', 'hunter2', 'hunter3']) expect(lines[0]).not.toContain(secret)
  })
})

describe('clients that do not answer', () => {
  it('are notified at the same time, and do not outlive the realm', async () => {
    answer = () => {}
    const { lines, logger } = memoryLog()
    const devRealm = await open({ app: `http://${base}/app`, spa: `http://${base}/spa` }, { logger })
    const { browser, refreshToken } = await signIn(devRealm)
    await browser.authorize({ client_id: 'spa', redirect_uri: 'http://localhost:9000/' })
    const loggedOut = logOut(browser, refreshToken)
    await expect.poll(() => received.map(({ path }) => path).sort()).toEqual(['/app', '/spa'])
    const disconnected = received.map(({ response }) => once(response, 'close'))
    await devRealm.close()
    expect((await loggedOut).status).toBe(204)
    await Promise.all(disconnected)
    expect(lines.map((line) => JSON.parse(line)[0].reason)).toEqual(Array(2).fill('the realm was closed'))
  })
})

describe('with a database', () => {
  /** A database that can be switched off. */
  async function openDatabase() {
    const database = await openTemporaryDatabase()
    const sql = fromPglite(database.pglite)
    await migrate(sql, 'devrealm', migrations)
    const state = { isDown: false }
    const client: SqlClient = {
      query: (...asked) => sql.query(...asked),
      listen: (...asked) => sql.listen(...asked),
      transaction: (work) => {
        if (state.isDown) throw new CloakwrightError('CW_STATE_UNAVAILABLE', 'Cannot reach the database')
        return sql.transaction(work)
      },
    }
    return Object.assign(state, { sql: client, [Symbol.asyncDispose]: () => database.close() })
  }

  it('no client is notified of a logout that could not be stored', async () => {
    await using database = await openDatabase()
    await using devRealm = await open({ app: `http://${base}/app` }, { sql: database.sql })
    const { browser, refreshToken } = await signIn(devRealm)
    database.isDown = true
    expect((await logOut(browser, refreshToken)).status).toBe(503)
    expect(received).toEqual([])
    database.isDown = false
    expect((await logOut(browser, refreshToken)).status).toBe(204)
    expect(received).toHaveLength(1)
  })

  it('URL, session and issuer survive a restart', async () => {
    await using database = await openDatabase()
    const before = await open({ app: `http://${base}/app` }, { sql: database.sql })
    await signIn(before)
    await before.close()
    const after = await createDevRealm({ sql: database.sql })
    expect(await logOutAlice(after, '127.0.0.1:8080')).toBe(204)
    await after.close()
    const claims = JSON.parse(Buffer.from(received[0]?.token.split('.')[1] ?? '', 'base64url').toString())
    expect(claims.iss).toBe('http://localhost:8080/realms/demo')
  })
})
