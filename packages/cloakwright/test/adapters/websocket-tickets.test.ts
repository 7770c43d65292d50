import { randomBytes } from 'node:crypto'
import { createPermissions, createRevocations, createVerifier, type Verifier } from 'cloakwright'
import { memoryReplayStore } from 'cloakwright/state'
import { createTickets, type Tickets, type TicketsOptions } from 'cloakwright/websocket'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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
  test('opens one socket, from wherever the page is, and not another one', async () => {
    const tickets = ticketsOf()
    const { port } = await startSocketService({ verifier, tickets })
    const path = pathOf(await issue(tickets))
    expect(await openSocket(port, { origin: 'https://spa.example' }, path)).toMatchObject({
      greeting: 'hello alice',
    })
    expect(await refusalOf(port, {}, path)).toEqual(invalid)
  })

  test('opens one on another replica, and counts once for all of them', async () => {
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

  test('shows nothing of the token, and fits into an address', async () => {
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
    expect([redeemed.realmRoles, redeemed.binding, redeemed.expiresAt]).toEqual([
      user.realmRoles,
      user.binding,
      user.expiresAt,
    ])
  })

  test('opens nothing once its time is over', async () => {
    let time = Date.now()
    const tickets = ticketsOf({ now: () => time, lifetime: 10 })
    const [early, late] = [await issue(tickets), await issue(tickets)]
    time += 9_900
    expect(await tickets.redeem(early)).toMatchObject({ username: 'alice' })
    time += 100
    expect(await codeOf(() => tickets.redeem(late))).toBe('CW_TICKET_INVALID')
  })

  test('opens nothing when its token was revoked in between', async () => {
    const revocations = createRevocations()
    const knowing = createVerifier({ issuer: issuer.issuer, audience: 'shop-api', revocations })
    const tickets = ticketsOf()
    const { port } = await startSocketService({ verifier: knowing, tickets })
    const ticket = await issue(tickets)
    await revocations.revoke(issuer.issuer, { sid: claimsOf('')['sid'] as string })
    expect(await refusalOf(port, {}, pathOf(ticket))).toEqual({ status: 401, code: 'CW_TOKEN_REVOKED' })
  })

  test('whose token lacks the role: 403', async () => {
    const tickets = ticketsOf()
    const { port } = await startSocketService({ verifier, tickets })
    const ticket = await issue(tickets, { realm_access: { roles: [] } })
    expect(await refusalOf(port, {}, `/user?ticket=${ticket}`)).toEqual({ status: 403, code: 'CW_FORBIDDEN' })
  })

  test('is no answer to a policy that asks the realm with the token', async () => {
    const permission = createPermissions({ issuer: issuer.issuer, audience: 'shop-api' })
    const tickets = ticketsOf()
    const redeemed = await tickets.redeem(await issue(tickets))
    const context = { now: Date.now() / 1000, request: undefined, tokenText: '' }
    expect(await permission({ resource: 'orders' }).evaluate(redeemed, context)).toMatchObject({
      allowed: false,
      undetermined: true,
    })
  })
})

test.each([
  ['nothing', ''],
  ['no ticket', 'x'],
  ['one of other keys', `k1.${randomBytes(200).toString('base64url')}`],
  ['one of an unknown key', `k9.${randomBytes(200).toString('base64url')}`],
  ['what is no key’s name', '__proto__.AAAA'],
])('%s as a ticket: 401', async (_what, ticket) => {
  const { port } = await startSocketService({ verifier, tickets: ticketsOf() })
  expect(await refusalOf(port, {}, pathOf(ticket))).toEqual(invalid)
})

test('a changed ticket: 401, and the one it was made of is not used up', async () => {
  const tickets = ticketsOf()
  const { port } = await startSocketService({ verifier, tickets })
  const ticket = await issue(tickets)
  const changed = ticket.slice(0, -6) + (ticket.at(-6) === 'A' ? 'B' : 'A') + ticket.slice(-5)
  expect(await refusalOf(port, {}, pathOf(changed))).toEqual(invalid)
  expect((await openSocket(port, {}, pathOf(ticket))).greeting).toBe('hello alice')
})

test('where tickets are not given, none is read', async () => {
  const { port } = await startSocketService({ verifier })
  expect(await refusalOf(port, {}, pathOf(await issue(ticketsOf())))).toEqual({
    status: 401,
    code: 'CW_TOKEN_MISSING',
  })
})

test('a socket of a ticket ends with its token', async () => {
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
