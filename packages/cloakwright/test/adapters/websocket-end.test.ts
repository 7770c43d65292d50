import { once } from 'node:events'
import { connect } from 'node:net'
import {
  type CommonOptions,
  createRevocations,
  createVerifier,
  type RevokedBy,
  type Verifier,
} from 'cloakwright'
import { memoryRevocationStore } from 'cloakwright/state'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { echo, openSocket, refusalOf, startSocketService, stopTime, until } from './support/sockets.ts'

const key = makeKey('one', 'ES256')
let issuer: TestIssuer

beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
})
afterAll(() => issuer.close())

const bearer = async (change: Record<string, unknown> = {}): Promise<{ authorization: string }> => ({
  authorization: `Bearer ${await signClaims(key, claimsOf(issuer.issuer, change))}`,
})
const verifierOf = (options: Partial<CommonOptions> = {}): Verifier =>
  createVerifier({ issuer: issuer.issuer, audience: 'shop-api', ...options })
const nowInSeconds = (): number => Math.floor(Date.now() / 1000)

describe.each([
  ['by the guard', false],
  ['by the library (closeOnEnd)', true],
])('a WebSocket is closed %s', (_name, closesByLibrary) => {
  test('with 4401 "token expired" at the token’s exp, without the clock tolerance', async () => {
    const { port } = await startSocketService({ verifier: verifierOf(), closesByLibrary })
    stopTime()
    const exp = nowInSeconds() + 60
    const { ws, end } = await openSocket(port, await bearer({ exp }))
    vi.advanceTimersByTime(exp * 1000 - Date.now() - 1)
    expect(await echo(ws, 'still here')).toBe('still here')
    vi.advanceTimersByTime(1)
    expect(await end).toEqual([4401, 'token expired'])
  })

  const subject = claimsOf('')['sub'] as string
  test.each<[string, () => RevokedBy]>([
    ['its session', () => ({ sid: claimsOf('')['sid'] as string })],
    ['its user', () => ({ subject, issuedUntil: nowInSeconds() })],
    ['the token', () => ({ jti: claimsOf('')['jti'] as string })],
    ['all tokens of the realm', () => ({ notBefore: nowInSeconds() + 1 })],
  ])('with 4401 "token revoked" when %s is revoked, and no other socket is', async (_what, by) => {
    const revocations = createRevocations()
    const { port } = await startSocketService({ verifier: verifierOf({ revocations }), closesByLibrary })
    const other = { sub: 'other', sid: 'other', jti: 'other', iat: nowInSeconds() + 3 }
    const [one, another] = await Promise.all([
      openSocket(port, await bearer()),
      openSocket(port, await bearer(other)),
    ])
    await revocations.revoke(issuer.issuer, by())
    expect(await one.end).toEqual([4401, 'token revoked'])
    expect(await echo(another.ws, 'still here')).toBe('still here')
  })
})

test('a revocation on another replica closes it too', async () => {
  const store = memoryRevocationStore()
  const [here, there] = [createRevocations({ store }), createRevocations({ store })]
  const { port } = await startSocketService({ verifier: verifierOf({ revocations: here }) })
  const { end } = await openSocket(port, await bearer())
  await there.revoke(issuer.issuer, { sid: claimsOf('')['sid'] as string })
  expect(await end).toEqual([4401, 'token revoked'])
})

test('messages sent before the end arrive first, also compressed ones', async () => {
  const revocations = createRevocations()
  const { port } = await startSocketService({ verifier: verifierOf({ revocations }), closesByLibrary: true })
  const { ws, end } = await openSocket(port, await bearer())
  const received: string[] = []
  ws.on('message', (data: Buffer) => received.push(data.toString()))
  const texts = Array.from({ length: 200 }, (_, number) => `${number} ${'x'.repeat(2000)}`)
  for (const text of texts) ws.send(text)
  await once(ws, 'message')
  await revocations.revoke(issuer.issuer, { sid: claimsOf('')['sid'] as string })
  expect(await end).toEqual([4401, 'token revoked'])
  expect(received).toEqual(texts.slice(0, received.length))
})

test('a client that does not respond to the close frame is ignored, then disconnected', async () => {
  const revocations = createRevocations()
  const { port, heard } = await startSocketService({ verifier: verifierOf({ revocations }) })
  const socket = connect(port, '127.0.0.1')
  const { authorization } = await bearer()
  socket.write(
    [
      'GET / HTTP/1.1',
      'Host: localhost',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      `Authorization: ${authorization}`,
      '',
      '',
    ].join('\r\n'),
  )
  const chunks: Buffer[] = []
  socket.on('data', (data: Buffer) => chunks.push(data))
  await until(() => Buffer.concat(chunks).includes('hello alice'))
  // A text frame with the mask 0: "a".
  const frame = Buffer.of(0x81, 0x81, 0, 0, 0, 0, 0x61)
  socket.write(frame)
  await until(() => heard.length === 1)
  await revocations.revoke(issuer.issuer, { sid: claimsOf('')['sid'] as string })
  const closeFrame = Buffer.concat([Buffer.of(0x88, 15, 0x11, 0x31), Buffer.from('token revoked')])
  await until(() => Buffer.concat(chunks).includes(closeFrame))
  socket.on('error', () => {})
  socket.write(frame)
  await once(socket, 'close')
  expect(Buffer.concat(chunks).subarray(-closeFrame.length)).toEqual(closeFrame)
  expect(heard).toEqual(['a'])
})

test('a user whose token ends before the handshake response gets no response', async () => {
  const revocations = createRevocations()
  const beforeAnswer = async (): Promise<void> =>
    await revocations.revoke(issuer.issuer, { sid: claimsOf('')['sid'] as string })
  const { port, closed } = await startSocketService({ verifier: verifierOf({ revocations }), beforeAnswer })
  await expect(openSocket(port, await bearer())).rejects.toThrow()
  expect(closed).toEqual([])
})

test('the clock tolerance opens no socket for an expired token', async () => {
  const { port } = await startSocketService({ verifier: verifierOf() })
  expect(await refusalOf(port, await bearer({ exp: nowInSeconds() - 2 }))).toEqual({
    status: 401,
    code: 'CW_TOKEN_EXPIRED',
  })
})

test('a closed socket leaves no watcher of its revocation', async () => {
  let waiting = 0
  const revocations = createRevocations()
  const counted: typeof revocations = {
    ...revocations,
    get version() {
      return revocations.version
    },
    get known() {
      return revocations.known
    },
    watch(...watched) {
      waiting++
      const end = revocations.watch(...watched)
      return () => {
        waiting--
        end()
      }
    },
  }
  const { port, closed } = await startSocketService({ verifier: verifierOf({ revocations: counted }) })
  const { ws } = await openSocket(port, await bearer())
  expect(waiting).toBe(1)
  ws.close()
  await until(() => closed.length === 1)
  expect(waiting).toBe(0)
})

test('endWithToken: false leaves sockets open', async () => {
  const revocations = createRevocations()
  const verifier = verifierOf({ revocations })
  const { port } = await startSocketService({ verifier, endWithToken: false })
  const { ws } = await openSocket(port, await bearer())
  await revocations.revoke(issuer.issuer, { sid: claimsOf('')['sid'] as string })
  expect(await echo(ws, 'still here')).toBe('still here')
})
