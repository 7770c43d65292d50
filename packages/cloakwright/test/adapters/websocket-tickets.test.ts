import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createPermissions, createRevocations, createVerifier, type Verifier } from 'cloakwright'
import { cloakwright, requireUser } from 'cloakwright/express'
import { memoryReplayStore } from 'cloakwright/state'
import { fakeAccessToken } from 'cloakwright/testing'
import { createTickets, type Tickets, type TicketsOptions } from 'cloakwright/websocket'
import express from 'express'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { makeProofKey, signProof } from '../proof/support/proofs.ts'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { codeOf } from '../support/refusal.ts'
import { openSocket, refusalOf, startSocketService } from './support/sockets.ts'

const key = makeKey('one', 'ES256')
const keys = [{ id: 'k1', key: randomBytes(32) }]
const publicUrl = 'https://api.example.com'
let issuer: TestIssuer
let verifier: Verifier

beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
  verifier = createVerifier({ issuer: issuer.issuer, audience: 'shop-api', dpop: { publicUrl } })
})
afterAll(() => issuer.close())

const sign = (change: Record<string, unknown> = {}): Promise<string> =>
  signClaims(key, claimsOf(issuer.issuer, change))
const ticketsOf = (options: Partial<TicketsOptions> = {}): Tickets =>
  createTickets({ keys, replay: memoryReplayStore(), ...options })
const issue = async (tickets: Tickets, change: Record<string, unknown> = {}): Promise<string> =>
  await tickets.issue(await verifier.verify(await sign(change)))
const pathOf = (ticket: string): string => `/?room=7&ticket=${ticket}`
const invalid = { status: 401, code: 'CW_TICKET_INVALID' }

describe('a ticket', () => {
  test('opens one socket, whatever the origin of the page, and no second one', async () => {
    const tickets = ticketsOf()
    const { port } = await startSocketService({ verifier, tickets })
    const path = pathOf(await issue(tickets))
    expect(await openSocket(port, { origin: 'https://spa.example' }, path)).toMatchObject({
      greeting: 'hello alice',
    })
    expect(await refusalOf(port, {}, path)).toEqual(invalid)
  })

  test('opens one on another replica, and is used up on all of them', async () => {
    const replay = memoryReplayStore()
    const [here, there] = [ticketsOf({ replay }), ticketsOf({ replay })]
    const one = await startSocketService({ verifier, tickets: here })
    const other = await startSocketService({ verifier, tickets: there })
    const path = pathOf(await issue(here))
    const results = await Promise.allSettled([
      openSocket(one.port, {}, path),
      openSocket(other.port, {}, path),
    ])
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  test('shows nothing of the token, and fits into a URL', async () => {
    const ticket = await issue(ticketsOf())
    expect(ticket).toMatch(/^k1\.[\w-]{100,4000}$/)
    const [, sealed = ''] = ticket.split('.')
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toMatch(/alice|realm_access/)
  })

  test('keeps the claims, the roles and the proof of its token', async () => {
    const tickets = ticketsOf()
    const proofKey = await makeProofKey()
    const token = await sign({ typ: 'DPoP', cnf: { jkt: proofKey.jkt }, groups: ['/a'] })
    const proof = await signProof(proofKey, {
      method: 'POST',
      uri: `${publicUrl}/ticket`,
      accessToken: token,
    })
    const presented = { scheme: 'DPoP', method: 'POST', target: '/ticket', dpop: [proof] } as const
    const user = await verifier.verify(token, { ...presented, certificate: () => undefined })
    const redeemed = await tickets.redeem(await tickets.issue(user))
    expect(redeemed.claims).toEqual(user.claims)
    expect(Object.getPrototypeOf(redeemed.claims)).toBeNull()
    expect([redeemed.issuer, redeemed.realmRoles, redeemed.binding, redeemed.expiresAt]).toEqual([
      issuer.issuer,
      user.realmRoles,
      user.binding,
      user.expiresAt,
    ])
  })

  test('opens nothing after its lifetime', async () => {
    let time = Date.now()
    const tickets = ticketsOf({ now: () => time, lifetime: 10 })
    const [early, late] = [await issue(tickets), await issue(tickets)]
    time += 9_900
    expect(await tickets.redeem(early)).toMatchObject({ username: 'alice' })
    time += 100
    expect(await codeOf(() => tickets.redeem(late))).toBe('CW_TICKET_INVALID')
  })

  test('opens nothing if its token was revoked in between', async () => {
    const revocations = createRevocations()
    const knowing = createVerifier({ issuer: issuer.issuer, audience: 'shop-api', revocations })
    const tickets = ticketsOf()
    const { port } = await startSocketService({ verifier: knowing, tickets })
    const ticket = await issue(tickets)
    await revocations.revoke(issuer.issuer, { sid: claimsOf('')['sid'] as string })
    expect(await refusalOf(port, {}, pathOf(ticket))).toEqual({ status: 401, code: 'CW_TOKEN_REVOKED' })
  })

  test.each([
    ['another audience', { audience: 'admin-api' }, 'CW_TOKEN_AUDIENCE'],
    ['another realm', { issuer: 'https://sso.example.com/realms/other' }, 'CW_TOKEN_ISSUER'],
    ['other clients', { authorizedParties: ['admin-app'] }, 'CW_TOKEN_AZP'],
  ])('opens nothing if tokens of %s are required', async (_what, options, code) => {
    const tickets = ticketsOf()
    const other = createVerifier({ issuer: issuer.issuer, audience: 'shop-api', ...options })
    const { port } = await startSocketService({ verifier: other, tickets })
    expect(await refusalOf(port, {}, pathOf(await issue(tickets)))).toEqual({ status: 401, code })
  })

  test('opens nothing once its token has expired, even if sockets may stay open longer', async () => {
    let time = Date.now()
    const now = (): number => time
    const slow = createVerifier({ issuer: issuer.issuer, audience: 'shop-api', now })
    const tickets = ticketsOf({ now, lifetime: 300 })
    const { port } = await startSocketService({ verifier: slow, tickets, endWithToken: false })
    const ticket = await tickets.issue(await slow.verify(await sign({ exp: Math.floor(time / 1000) + 20 })))
    time += 60_000
    expect(await refusalOf(port, {}, pathOf(ticket))).toEqual({ status: 401, code: 'CW_TOKEN_EXPIRED' })
  })

  test('opens nothing if the guard has a copy of a verifier, whose audience is unknown', async () => {
    const tickets = ticketsOf()
    const { port } = await startSocketService({ verifier: { ...verifier }, tickets })
    expect(await refusalOf(port, {}, pathOf(await issue(tickets)))).toEqual({
      status: 500,
      code: 'CW_CONFIG_INVALID',
    })
  })

  test('is not created from a token that no realm issued', async () => {
    expect(await codeOf(() => ticketsOf().issue(fakeAccessToken()))).toBe('CW_CONFIG_INVALID')
  })

  test.each(['GET', 'POST'])('is not read in a %s request that only has the header', async (method) => {
    const tickets = ticketsOf()
    const app = express().use(cloakwright({ verifier, tickets }))
    app.use(requireUser(), (_request, response) => void response.send('let in'))
    const server = createServer(app)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const path = pathOf(await issue(tickets))
    const headers = { upgrade: 'websocket' }
    const [response] = (await once(
      request({ port, host: '127.0.0.1', method, path, headers }).end(),
      'response',
    )) as [IncomingMessage]
    response.resume()
    expect(response.statusCode).toBe(401)
  })

  test('whose token lacks the role: 403', async () => {
    const tickets = ticketsOf()
    const { port } = await startSocketService({ verifier, tickets })
    const ticket = await issue(tickets, { realm_access: { roles: [] } })
    expect(await refusalOf(port, {}, `/user?ticket=${ticket}`)).toEqual({ status: 403, code: 'CW_FORBIDDEN' })
  })

  test('cannot be used for a policy that asks the realm with the token', async () => {
    const permission = createPermissions({ issuer: issuer.issuer, audience: 'shop-api' })
    const tickets = ticketsOf()
    const redeemed = await tickets.redeem(await issue(tickets))
    const context = { now: Date.now() / 1000, request: undefined, tokenText: '' }
    expect(await permission({ resource: 'orders' }).evaluate(redeemed, context)).toMatchObject({
      allowed: false,
      undetermined: true,
      reason: expect.stringContaining('ticket'),
    })
  })
})

test.each([
  ['nothing', ''],
  ['no ticket', 'x'],
  ['one of other keys', `k1.${randomBytes(200).toString('base64url')}`],
  ['one of an unknown key', `k9.${randomBytes(200).toString('base64url')}`],
  ['an invalid key name', '__proto__.AAAA'],
])('%s as a ticket: 401', async (_what, ticket) => {
  const { port } = await startSocketService({ verifier, tickets: ticketsOf() })
  expect(await refusalOf(port, {}, pathOf(ticket))).toEqual(invalid)
})

test('a changed ticket: 401, and the original is not used up', async () => {
  const tickets = ticketsOf()
  const { port } = await startSocketService({ verifier, tickets })
  const ticket = await issue(tickets)
  const changed = ticket.slice(0, -6) + (ticket.at(-6) === 'A' ? 'B' : 'A') + ticket.slice(-5)
  expect(await refusalOf(port, {}, pathOf(changed))).toEqual(invalid)
  expect((await openSocket(port, {}, pathOf(ticket))).greeting).toBe('hello alice')
})

test('is not read if tickets are not configured', async () => {
  const { port } = await startSocketService({ verifier })
  expect(await refusalOf(port, {}, pathOf(await issue(ticketsOf())))).toEqual({
    status: 401,
    code: 'CW_TOKEN_MISSING',
  })
})

test('opens a socket that ends with its token', async () => {
  const revocations = createRevocations()
  const knowing = createVerifier({ issuer: issuer.issuer, audience: 'shop-api', revocations })
  const tickets = ticketsOf()
  const { port } = await startSocketService({ verifier: knowing, tickets })
  const { end } = await openSocket(port, {}, pathOf(await issue(tickets)))
  await revocations.revoke(issuer.issuer, { sid: claimsOf('')['sid'] as string })
  expect(await end).toEqual([4401, 'token revoked'])
})

test.each([
  ['no key', { keys: [] }, 'CW_CONFIG_MISSING'],
  ['a short key', { keys: [{ id: 'k', key: randomBytes(16) }] }, 'CW_CONFIG_INVALID'],
  ['a lifetime of an hour', { lifetime: 3600 }, 'CW_CONFIG_INVALID'],
])('%s stops the start', (_what, options, code) => {
  expect(() => ticketsOf(options)).toThrow(expect.objectContaining({ code }))
})
