import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createRevocations, createVerifier, type Policy, type Revocations } from 'cloakwright'
import { createTenantSessions } from 'cloakwright/session'
import { memorySessionStore, type SessionStore } from 'cloakwright/state'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { Browser, toApp } from '../session/support/browser.ts'
import { clientId, clientSecret, startProvider, type TestProvider } from '../session/support/provider.ts'
import { host, newKey, publicUrl, sessionCookie, setup } from '../session/support/setup.ts'
import { giveAccessTokens } from './support/access-tokens.ts'
import {
  echo,
  openSocket,
  refusalOf,
  type SocketServiceOptions,
  startSocketService,
  stopTime,
  until,
} from './support/sockets.ts'

let provider: TestProvider
let roles: readonly string[]

beforeAll(async () => {
  provider = await startProvider()
})
beforeEach(() => {
  provider.reset()
  roles = ['user']
  giveAccessTokens(provider, () => roles)
})
afterAll(() => provider.close())

/** One replica: its sessions, and WebSockets that are opened with a session. */
async function start(
  options: Parameters<typeof setup>[1] = {},
  guard: Partial<SocketServiceOptions> = {},
  known?: Revocations,
) {
  const revocations = known ?? createRevocations()
  const made = setup(provider, { revocations, ...options })
  const verifier = createVerifier({ issuer: provider.issuer, audience: clientId, revocations })
  const service = await startSocketService({ verifier, sessions: made.sessions, ...guard })
  return { ...made, ...service, revocations }
}

const cookieOf = (browser: Browser): string =>
  `${sessionCookie}=${browser.cookies(host).get(sessionCookie) ?? ''}`
const handshakeOf = (browser: Browser): { cookie: string; origin: string } => ({
  cookie: cookieOf(browser),
  origin: publicUrl,
})
const form = {
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
}

describe('a handshake with a session cookie', () => {
  test('is admitted from a page of the service', async () => {
    const { port, signIn } = await start()
    const { ws, greeting } = await openSocket(port, handshakeOf(await signIn()))
    expect(greeting).toBe('hello sub-alice')
    expect(await echo(ws, 'a')).toBe('a')
  })

  test.each<[string, Record<string, string>]>([
    ['another website', { origin: 'https://pirate.example', 'sec-fetch-site': 'cross-site' }],
    [
      'another website, whatever Sec-Fetch-Site says',
      { origin: 'https://pirate.example', 'sec-fetch-site': 'same-origin' },
    ],
    ['a sibling host', { origin: 'https://blog.example.com' }],
    ['a host below the service’s', { origin: 'https://x.app.example.com' }],
    ['another port', { origin: `${publicUrl}:8443` }],
    ['plain http', { origin: publicUrl.replace('https', 'http') }],
    ['a longer name', { origin: `${publicUrl}.pirate.example` }],
    ['a sandboxed frame', { origin: 'null' }],
    ['another spelling', { origin: publicUrl.toUpperCase() }],
    ['nowhere', {}],
    ['nowhere, with Sec-Fetch-Site', { 'sec-fetch-site': 'same-origin', 'x-csrf': '1' }],
  ])('is refused from %s', async (_where, headers) => {
    const { port, signIn } = await start()
    const cookie = cookieOf(await signIn())
    expect(await refusalOf(port, { cookie, ...headers })).toEqual({ status: 403, code: 'CW_SESSION_ORIGIN' })
  })

  test('without a session: 401, and no redirect to a login', async () => {
    const { port } = await start()
    const headers = { cookie: `${sessionCookie}=${'A'.repeat(43)}`, origin: publicUrl, accept: 'text/html' }
    expect(await refusalOf(port, headers)).toEqual({ status: 401, code: 'CW_TOKEN_MISSING' })
    expect(await refusalOf(port, { accept: 'text/html' })).toEqual({ status: 401, code: 'CW_TOKEN_MISSING' })
  })
})

describe('a socket of a session ends with 4401 "session ended"', () => {
  const ended = [4401, 'session ended']

  test('when the user signs out', async () => {
    const { port, signIn, sessions } = await start()
    const browser = await signIn()
    const { end } = await openSocket(port, handshakeOf(browser))
    expect((await browser.send(`${publicUrl}/auth/logout`, form)).status).toBe(303)
    expect(await end).toEqual(ended)
    expect(sessions).toBeDefined()
  })

  test('when the user signs out, if the sessions have no revocations', async () => {
    const { port, signIn } = await start({ revocations: undefined })
    const browser = await signIn()
    const { end } = await openSocket(port, handshakeOf(browser))
    await browser.send(`${publicUrl}/auth/logout`, form)
    expect(await end).toEqual(ended)
  })

  test.each([
    ['session', { sid: 'sid-alice' }],
    ['user', { sub: 'sub-alice' }],
  ])('when the realm logs the %s out, and no other socket ends', async (_what, named) => {
    for (const revocations of [undefined, createRevocations()]) {
      const { port, signIn, sessions } = await start({ revocations }, {}, revocations)
      provider.user = 'alice'
      const alice = await openSocket(port, handshakeOf(await signIn()))
      provider.user = 'bob'
      const bob = await openSocket(port, handshakeOf(await signIn()))
      const iat = Math.floor(Date.now() / 1000)
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
      const claims = { iss: provider.issuer, aud: clientId, iat, exp: iat + 60, jti: randomUUID(), events }
      const token = await provider.sign({ ...claims, ...named }, { typ: 'logout+jwt' })
      const body = new URLSearchParams({ logout_token: token })
      const address = `${publicUrl}/auth/backchannel-logout`
      expect((await sessions.handle(new Request(address, { method: 'POST', body })))?.status).toBe(200)
      expect(await alice.end).toEqual(ended)
      expect(await echo(bob.ws, 'still here')).toBe('still here')
    }
  })

  test('when an administrator revokes the session, or its user signs out on another replica', async () => {
    const { port, signIn, revocations } = await start()
    const { end } = await openSocket(port, handshakeOf(await signIn()))
    await revocations.revoke(provider.issuer, { sid: 'sid-alice' })
    expect(await end).toEqual(ended)
  })

  test.each(['logs out', 'is revoked'])('when it %s while the policy runs', async (how) => {
    const asked: (() => Promise<unknown>)[] = []
    const policy: Policy = {
      description: 'a slow answer',
      evaluate: async () => {
        await asked.pop()?.()
        return { allowed: true }
      },
    }
    const { port, signIn, revocations } = await start(how === 'logs out' ? { revocations: undefined } : {}, {
      policy,
    })
    const browser = await signIn()
    asked.push(() =>
      how === 'logs out'
        ? browser.send(`${publicUrl}/auth/logout`, form)
        : revocations.revoke(provider.issuer, { sid: 'sid-alice' }),
    )
    // The end may arrive before the greeting.
    const ws = new WebSocket(`ws://127.0.0.1:${port}`, { headers: handshakeOf(browser) })
    const [code, reason] = (await once(ws, 'close')) as [number, Buffer]
    expect([code, reason.toString()]).toEqual(ended)
  })

  test('when the token of its last refresh is revoked', async () => {
    stopTime()
    let refreshed = 0
    const jtis: string[] = []
    const policy: Policy = {
      description: 'everybody',
      evaluate({ jti = '' }) {
        if (jtis.at(-1) !== jti) refreshed = jtis.push(jti)
        return { allowed: true }
      },
    }
    const { port, signIn, revocations } = await start({}, { policy })
    const { ws, end } = await openSocket(port, handshakeOf(await signIn()))
    vi.advanceTimersByTime(300_000)
    await until(() => refreshed === 2)
    expect(await echo(ws, 'still here')).toBe('still here')
    await revocations.revoke(provider.issuer, { jti: jtis[1] ?? '' })
    expect(await end).toEqual(ended)
  })

  test('when another user signs in in the same browser', async () => {
    const { port, signIn } = await start()
    const browser = await signIn()
    const { end } = await openSocket(port, handshakeOf(browser))
    provider.user = 'bob'
    await browser.open(`${publicUrl}/auth/login?returnTo=/page`)
    expect(await end).toEqual(ended)
  })

  test('when the realm ends the session at a refresh', async () => {
    stopTime()
    const { port, signIn } = await start()
    const { end } = await openSocket(port, handshakeOf(await signIn()))
    provider.onToken = () => ({ status: 400, body: { error: 'invalid_grant' } })
    vi.advanceTimersByTime(300_000)
    expect(await end).toEqual(ended)
  })

  test('when it idles out, although its socket is open', async () => {
    stopTime()
    const { port, signIn } = await start({ idleTimeout: 200 })
    const browser = await signIn()
    const { ws, end } = await openSocket(port, handshakeOf(browser))
    vi.advanceTimersByTime(199_999)
    expect(await echo(ws, 'still here')).toBe('still here')
    vi.advanceTimersByTime(1)
    expect(await end).toEqual(ended)
  })

  test('not if a request has extended its idle timeout', async () => {
    stopTime()
    const { port, signIn } = await start({ idleTimeout: 100 })
    const browser = await signIn()
    const { ws, end } = await openSocket(port, handshakeOf(browser))
    await vi.advanceTimersByTimeAsync(60_000)
    expect((await browser.send(`${publicUrl}/page`)).status).toBe(200)
    await vi.advanceTimersByTimeAsync(99_000)
    expect(await echo(ws, 'still here')).toBe('still here')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await end).toEqual(ended)
  })
})

describe('a socket of a session whose access token expires', () => {
  test('stays open with the next one', async () => {
    stopTime()
    let refreshed = 0
    const store = memorySessionStore()
    const finishRefresh: SessionStore['finishRefresh'] = async (...result) => {
      const written = await store.finishRefresh(...result)
      refreshed++
      return written
    }
    const { port, signIn } = await start({ store: { ...store, finishRefresh } })
    const { ws } = await openSocket(port, handshakeOf(await signIn()))
    for (const refreshes of [1, 2]) {
      vi.advanceTimersByTime(300_000)
      await until(() => refreshed === refreshes)
      expect(await echo(ws, 'still here')).toBe('still here')
    }
  })

  test('ends with 4403 "access withdrawn" if the next one lacks the role', async () => {
    stopTime()
    const { port, signIn } = await start()
    const { end } = await openSocket(port, handshakeOf(await signIn()), '/user')
    roles = []
    vi.advanceTimersByTime(300_000)
    expect(await end).toEqual([4403, 'access withdrawn'])
  })

  test('ends with 1013 "try again later" if the realm cannot be asked for the next one', async () => {
    stopTime()
    const { port, signIn } = await start()
    const { end } = await openSocket(port, handshakeOf(await signIn()))
    provider.down = 'all'
    vi.advanceTimersByTime(300_000)
    expect(await end).toEqual([1013, 'try again later'])
  })
})

test('a session that is replaced on another replica ends at the next check', async () => {
  stopTime()
  const store = memorySessionStore()
  const keys = [newKey('k1')]
  const here = await start({ store, keys })
  const there = setup(provider, { store, keys })
  const browser = await here.signIn()
  const { end } = await openSocket(here.port, handshakeOf(browser))
  provider.user = 'bob'
  const elsewhere = there.newBrowser()
  elsewhere.jar.set(host, new Map([[sessionCookie, browser.cookies(host).get(sessionCookie) ?? '']]))
  await elsewhere.open(`${publicUrl}/auth/login?returnTo=/page`)
  vi.advanceTimersByTime(300_000)
  expect(await end).toEqual([4401, 'session ended'])
})

test('with tenants by host, a handshake needs a session of its own host', async () => {
  const revocations = createRevocations()
  const keys = [newKey('k1')]
  const hosts = ['acme.example.com', 'globex.example.com']
  const sessions = createTenantSessions({
    store: memorySessionStore(),
    tenantOf: ({ url }) => hosts.find((one) => one === new URL(url).hostname),
    optionsOf: (name) => ({
      issuer: provider.issuer,
      clientId,
      clientSecret,
      audience: clientId,
      publicUrl: `https://${name}`,
      keys,
      revocations,
    }),
  })
  const verifier = createVerifier({ issuer: provider.issuer, audience: clientId, revocations })
  const { port } = await startSocketService({ verifier, sessions })
  const browser = new Browser(Object.fromEntries(hosts.map((one) => [`https://${one}`, toApp(sessions)])))
  await browser.open('https://acme.example.com/page')
  const cookie = Array.from(browser.cookies('acme.example.com'), (pair) => pair.join('=')).join('; ')
  const to = (host: string) => ({ host, origin: `https://${host}`, cookie })
  const { greeting } = await openSocket(port, to('acme.example.com'))
  expect(greeting).toBe('hello sub-alice')
  expect((await refusalOf(port, to('globex.example.com'))).status).toBe(401)
  expect((await refusalOf(port, to('evil.example'))).status).toBe(404)
})
