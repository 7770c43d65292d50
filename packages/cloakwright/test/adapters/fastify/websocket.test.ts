import { randomBytes } from 'node:crypto'
import websocket from '@fastify/websocket'
import { createRevocations, createVerifier } from 'cloakwright'
import { cloakwright, requireRole, requireUser, userOf } from 'cloakwright/fastify'
import { memoryReplayStore } from 'cloakwright/state'
import { closeOnEnd, createTickets } from 'cloakwright/websocket'
import Fastify, { type FastifyRequest } from 'fastify'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { WebSocket } from 'ws'
import { clientId, startProvider, type TestProvider } from '../../session/support/provider.ts'
import { host, publicUrl, sessionCookie, setup } from '../../session/support/setup.ts'
import { giveAccessTokens } from '../support/access-tokens.ts'
import { echo, openSocket, refusalOf } from '../support/sockets.ts'

let provider: TestProvider
beforeAll(async () => {
  provider = await startProvider()
})
beforeEach(() => {
  provider.reset()
  giveAccessTokens(provider, () => ['user'])
})
afterAll(() => provider.close())

/** A service with one guard for all routes and one on each; `/library` lets its library close sockets. */
async function start() {
  const revocations = createRevocations()
  const { sessions, signIn } = setup(provider, { revocations })
  const verifier = createVerifier({ issuer: provider.issuer, audience: clientId, revocations })
  const tickets = createTickets({ keys: [{ id: 'k1', key: randomBytes(32) }], replay: memoryReplayStore() })
  const app = Fastify()
  await app.register(websocket)
  await app.register(cloakwright, { verifier, sessions, tickets })
  app.addHook('onRequest', requireUser())
  const greet = (socket: WebSocket, request: FastifyRequest): void => {
    socket.on('message', (data: Buffer) => socket.send(data))
    socket.send(`hello ${userOf(request).username}`)
  }
  app.get('/feed', { websocket: true, onRequest: requireRole('user') }, greet)
  app.get('/library', { websocket: true, onRequest: requireRole('user') }, (socket, request) => {
    closeOnEnd(socket, request)
    greet(socket, request)
  })
  app.get('/ticket', async (request) => ({ ticket: await tickets.issue(userOf(request)) }))
  const port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)
  onTestFinished(() => app.close())
  const browser = await signIn()
  const cookie = `${sessionCookie}=${browser.cookies(host).get(sessionCookie) ?? ''}`
  return { port, browser, cookie, revocations, app }
}
const form = {
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
}

test('a page of the service opens a socket with its session, a page of another one does not', async () => {
  const { port, cookie } = await start()
  const { ws, greeting } = await openSocket(port, { cookie, origin: publicUrl }, '/feed')
  expect(greeting).toBe('hello sub-alice')
  expect(await echo(ws, 'a')).toBe('a')
  for (const headers of [{ origin: 'https://pirate.example' }, {}])
    expect(await refusalOf(port, { cookie, ...headers }, '/feed')).toEqual({
      status: 403,
      code: 'CW_SESSION_ORIGIN',
    })
  expect(await refusalOf(port, { origin: publicUrl }, '/feed')).toMatchObject({ status: 401 })
})

test.each(['/feed', '/library'])('a socket ends when its user signs out (%s)', async (path) => {
  const { port, cookie, browser } = await start()
  const { end } = await openSocket(port, { cookie, origin: publicUrl }, path)
  await browser.send(`${publicUrl}/auth/logout`, form)
  expect(await end).toEqual([4401, 'session ended'])
})

test.each(['/feed', '/library'])('a socket of a token ends when it is revoked (%s)', async (path) => {
  const { port, cookie, revocations, app } = await start()
  const { ticket } = (await app.inject({ url: '/ticket', headers: { cookie } })).json<{ ticket: string }>()
  const opened = await openSocket(port, {}, `${path}?ticket=${ticket}`)
  expect(opened.greeting).toBe('hello sub-alice')
  expect(await refusalOf(port, {}, `${path}?ticket=${ticket}`)).toEqual({
    status: 401,
    code: 'CW_TICKET_INVALID',
  })
  await revocations.revoke(provider.issuer, { sid: 'sid-alice' })
  expect(await opened.end).toEqual([4401, 'token revoked'])
})

test('a request that is not a handshake gets no close frame, and a ticket does not open it', async () => {
  const { port, cookie, browser, app } = await start()
  const { ticket } = (await app.inject({ url: '/ticket', headers: { cookie } })).json<{ ticket: string }>()
  const plain = await fetch(`http://127.0.0.1:${port}/ticket?ticket=${ticket}`)
  expect(plain.status).toBe(401)
  const kept = await fetch(`http://127.0.0.1:${port}/ticket`, { headers: { cookie } })
  expect(kept.status).toBe(200)
  await kept.text()
  await browser.send(`${publicUrl}/auth/logout`, form)
  expect((await fetch(`http://127.0.0.1:${port}/ticket`, { headers: { cookie } })).status).toBe(401)
})
