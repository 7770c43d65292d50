import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createVerifier, type LogEntry, role, scope } from 'cloakwright'
import { createUpgradeGuard, type UpgradeGuardOptions } from 'cloakwright/websocket'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { makeProofKey, signProof } from '../proof/support/proofs.ts'
import { claimsOf, json, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'

const key = makeKey('one', 'ES256')
const proofKey = await makeProofKey()
const publicUrl = 'https://api.example.com'
const servers: Server[] = []
const logged: LogEntry[] = []
let issuer: TestIssuer
let port: number

beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
  port = await start({})
})
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  await issuer.close()
})

const sign = (change: Record<string, unknown> = {}): Promise<string> =>
  signClaims(key, claimsOf(issuer.issuer, change))

const policies = { '/admin': role('admin'), '/auditor': role('auditor'), '/read': scope('read') }

/** A service whose connections greet their user, and whose policy depends on the path. */
async function start(
  options: Partial<UpgradeGuardOptions>,
  onDecided: (admitted: boolean) => void = () => {},
): Promise<number> {
  const guard = createUpgradeGuard({
    verifier: createVerifier({ issuer: issuer.issuer, audience: 'shop-api', dpop: { publicUrl } }),
    onRefused: (entry) => logged.push(entry),
    ...options,
  })
  const sockets = new WebSocketServer({ noServer: true })
  const server = createServer((_request, response) => response.end('plain'))
  const upgrade = async (request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> => {
    const policy = (policies as Record<string, ReturnType<typeof role>>)[request.url ?? '']
    const user = await guard(request, socket, policy)
    onDecided(user !== undefined)
    if (user === undefined) return
    sockets.handleUpgrade(request, socket, head, (ws) => {
      ws.on('message', (data) => ws.send(data))
      ws.send(`hello ${user.username}`)
    })
  }
  server.on('upgrade', (request, socket: Socket, head) => void upgrade(request, socket, head))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** The client's result: the first message, or a plain HTTP response. */
function open(
  path: string,
  headers: Record<string, string>,
  at = port,
): Promise<{ readonly ws: WebSocket; readonly first: string } | Answer> {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(`ws://127.0.0.1:${at}${path}`, { headers })
    ws.on('message', (data: Buffer) => resolve({ ws, first: data.toString() }))
    ws.on('unexpected-response', (_request, response) => {
      let body = ''
      response.on('data', (data) => (body += String(data)))
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }))
    })
    ws.on('error', reject)
  })
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('an upgrade', () => {
  test.each(['/', '/admin'])('with a valid token is admitted (%s)', async (path) => {
    const opened = await open(path, bearer(await sign()))
    expect(opened).toMatchObject({ first: 'hello alice' })
    const { ws } = opened as { ws: WebSocket }
    ws.send('echo')
    expect(String((await once(ws, 'message'))[0])).toBe('echo')
    ws.close()
    await once(ws, 'close')
  })

  test('each of many at once is decided by its own new token', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 8 }, (_, number) => sign({ preferred_username: `user-${number}` })),
    )
    const forged = tokens.map((token) => `${token.slice(0, token.lastIndexOf('.'))}.${'A'.repeat(86)}`)
    const opened = await Promise.all([...tokens, ...forged].map((token) => open('/', bearer(token))))
    const outcomes = opened.map((one) => ('first' in one ? one.first : one.status))
    expect(outcomes).toEqual([...tokens.map((_, number) => `hello user-${number}`), ...forged.map(() => 401)])
    for (const one of opened) if ('ws' in one) one.ws.terminate()
  })

  test.each([
    ['without a token', '/', async () => ({}), 401, '', 'CW_TOKEN_MISSING'],
    [
      'with an expired one',
      '/',
      async () => bearer(await sign({ exp: 1000 })),
      401,
      ', error="invalid_token", error_description="The access token has expired"',
      'CW_TOKEN_EXPIRED',
    ],
    [
      'without the role',
      '/auditor',
      async () => bearer(await sign()),
      403,
      ', error="insufficient_scope", error_description="The access token lacks a required permission"',
      'CW_FORBIDDEN',
    ],
    [
      'without the scope',
      '/read',
      async () => bearer(await sign()),
      403,
      ', error="insufficient_scope", error_description="The access token lacks a required scope", scope="read"',
      'CW_SCOPE_INSUFFICIENT',
    ],
    [
      'with two tokens',
      '/?access_token=x',
      async () => bearer(await sign()),
      400,
      ', error="invalid_request", error_description="The request has more than one token"',
      'CW_REQUEST_AMBIGUOUS',
    ],
  ])('%s gets a plain HTTP response', async (_name, path, headers, status, parameters, code) => {
    logged.length = 0
    const answer = (await open(path, await headers())) as Answer
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(JSON.parse(answer.body)).toMatchObject({ status, code })
    const challenge = answer.headers['www-authenticate']
    expect(challenge).toMatch(`Bearer realm="shop"${parameters}, DPoP realm="shop", algs="`)
    expect(logged).toMatchObject([{ code }])
  })

  test('with a bound token needs the proof of its handshake', async () => {
    const token = await sign({ typ: 'DPoP', cnf: { jkt: proofKey.jkt } })
    const dpop = await signProof(proofKey, { method: 'GET', uri: `${publicUrl}/`, accessToken: token })
    expect(await open('/', { authorization: `DPoP ${token}`, dpop })).toMatchObject({ first: 'hello alice' })
    expect(await open('/', { authorization: `DPoP ${token}`, dpop })).toMatchObject({ status: 401 })
    expect(await open('/', bearer(token))).toMatchObject({ status: 401 })
  })

  test('while the realm cannot be reached: 503 with Retry-After', async () => {
    const down = await startIssuer([key.jwk])
    down.answers.jwks = (_request, response) => json(response, {}, 500)
    const at = await start({ verifier: createVerifier({ issuer: down.issuer, audience: 'shop-api' }) })
    const answer = (await open('/', bearer(await signClaims(key, claimsOf(down.issuer))), at)) as Answer
    expect(answer.status).toBe(503)
    expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/)
    await down.close()
  })
})

test('a client that disconnects meanwhile has no effect', async () => {
  const slow = await startIssuer([key.jwk])
  const asked = deferred<() => void>()
  slow.answers.jwks = (_request, response) => asked.resolve(() => json(response, { keys: [key.jwk] }))
  const decided = deferred<boolean>()
  const verifier = createVerifier({ issuer: slow.issuer, audience: 'shop-api' })
  const at = await start({ verifier }, decided.resolve)
  const socket = connect(at, '127.0.0.1')
  const token = await signClaims(key, claimsOf(slow.issuer))
  const head = ['GET / HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket']
  socket.write([...head, `Authorization: Bearer ${token}`, '', ''].join('\r\n'))
  const goOn = await asked.promise
  const server = servers.at(-1) as Server
  socket.resetAndDestroy()
  await gone(server)
  goOn()
  expect(await decided.promise).toBe(false)
  await slow.close()
})

describe('the connection', () => {
  /** A token that is valid for one or two more seconds. */
  const expiring = (): Promise<string> => sign({ exp: Math.floor(Date.now() / 1000) + 2 })

  test('ends when its token expires', async () => {
    const opened = (await open('/', bearer(await expiring()))) as { ws: WebSocket }
    await once(opened.ws, 'close')
    expect(opened.ws.readyState).toBe(WebSocket.CLOSED)
  })

  test('stays open if the service is configured so', async () => {
    const at = await start({ endWithToken: false })
    const ended = (await open('/', bearer(await expiring()))) as { ws: WebSocket }
    const { ws } = (await open('/', bearer(await expiring()), at)) as { ws: WebSocket }
    await once(ended.ws, 'close')
    ws.send('still here')
    expect(String((await once(ws, 'message'))[0])).toBe('still here')
    ws.terminate()
  })

  test('of a token for years is not closed by a timer that overflows', async () => {
    const years = Math.floor(Date.now() / 1000) + 3 * 365 * 86_400
    const { ws } = (await open('/', bearer(await sign({ exp: years })))) as { ws: WebSocket }
    ws.send('still here')
    expect(String((await once(ws, 'message'))[0])).toBe('still here')
    ws.terminate()
  })
})

/** Resolves once no client is connected. */
async function gone(server: Server): Promise<void> {
  const count = (): Promise<number> =>
    new Promise((resolve, reject) =>
      server.getConnections((error, connections) => (error ? reject(error) : resolve(connections))),
    )
  while ((await count()) > 0) await new Promise((resolve) => setImmediate(resolve))
}

function deferred<Value>(): { readonly promise: Promise<Value>; readonly resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => {}
  const promise = new Promise<Value>((given) => (resolve = given))
  return { promise, resolve }
}
