import { openTemporaryDatabase } from '@cloakwright/devrealm/home'
import { CloakwrightError } from 'cloakwright'
import type { SessionKey } from 'cloakwright/session'
import {
  memorySessionStore,
  migrate,
  migrations,
  postgresSessionStore,
  type SessionStore,
  type SqlClient,
} from 'cloakwright/state'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { sha256 } from '../../src/sealing.ts'
import { startProvider, type TestProvider } from './support/provider.ts'
import { host, newKey, publicUrl, sessionCookie, sessionOf, setup } from './support/setup.ts'

describe('session', () => {
  let provider: TestProvider
  let sql: SqlClient
  let store: SessionStore
  let close: () => Promise<void>
  beforeAll(async () => {
    provider = await startProvider()
    const database = await openTemporaryDatabase()
    sql = database.sql
    close = () => database.close()
    await migrate(sql, 'cloakwright', migrations)
    store = postgresSessionStore(sql)
  })
  beforeEach(async () => {
    provider.reset()
    await sql.query('DELETE FROM cloakwright.sessions')
  })
  afterAll(async () => {
    await close()
    await provider.close()
  })

  const rows = async (): Promise<Record<string, unknown>[]> =>
    (await sql.query('SELECT * FROM cloakwright.sessions')).rows

  it('is found by its cookie', async () => {
    const browser = await setup(provider, { store }).signIn()
    expect(await sessionOf(browser)).toEqual({
      key: sha256(browser.cookies(host).get(sessionCookie) ?? ''),
      createdAt: expect.closeTo(Date.now(), -5) as number,
      expiresAt: expect.closeTo(Date.now() + 1_800_000, -5) as number,
      sid: 'sid-alice',
      subject: 'sub-alice',
      accessToken: expect.stringMatching(/^access~alice~/),
    })
  })

  it('cannot be used with read access to the table: neither the cookie nor a token is in it', async () => {
    const browser = await setup(provider, { store }).signIn()
    const [row] = await rows()
    const everything = JSON.stringify({
      ...row,
      tokens: Buffer.from(row?.['tokens'] as Uint8Array).toString('latin1'),
    })
    expect(everything).not.toContain(browser.cookies(host).get(sessionCookie))
    for (const secret of ['access~', 'refresh~', 'eyJ']) expect(everything).not.toContain(secret)
    expect(row).toMatchObject({ key_id: 'k1', sid: 'sid-alice', subject: 'sub-alice', client_id: 'app' })
  })

  it('cannot be used with write access to the table: tokens are valid in their own row only', async () => {
    const context = setup(provider, { store })
    await context.signIn()
    provider.user = 'bob'
    const bob = await context.signIn()
    await sql.query(`
      UPDATE cloakwright.sessions SET tokens = (SELECT tokens FROM cloakwright.sessions WHERE subject = 'sub-alice')
      WHERE subject = 'sub-bob'`)
    await vi.waitFor(async () => expect(await sessionOf(bob)).toBeUndefined(), { timeout: 15_000 })
  })

  it.each([
    "subject = 'sub-admin'",
    "sid = 'other'",
    'version = version + 1',
    "client_id = 'other'",
    "issuer = 'x'",
  ])('ends if its row is changed by others: %s', async (change) => {
    const browser = await setup(provider, { store }).signIn()
    await sql.query(`UPDATE cloakwright.sessions SET ${change}`)
    await vi.waitFor(async () => expect(await sessionOf(browser)).toBeUndefined(), { timeout: 15_000 })
  })

  it('is not accepted for another client with the same database and keys', async () => {
    const keys = [newKey('k1')]
    const browser = await setup(provider, { store, keys }).signIn()
    const other = setup(provider, { store, keys, clientId: 'other' })
    const cookie = `${sessionCookie}=${browser.cookies(host).get(sessionCookie)}`
    const request = new Request(publicUrl, { headers: { cookie } })
    expect(await other.sessions.authenticate(request)).toBeUndefined()
  })

  it.each<[string, (value: string) => string]>([
    ['changed', (value) => value.slice(0, -1) + (value.endsWith('A') ? 'E' : 'A')],
    ['cut short', (value) => value.slice(0, -1)],
    ['longer', (value) => `${value}A`],
    ['empty', () => ''],
    ['hostile', () => "' OR 1=1 --"],
  ])('is not found with a cookie that is %s', async (_, change) => {
    const browser = await setup(provider, { store }).signIn()
    const value = browser.cookies(host).get(sessionCookie) ?? ''
    browser.jar.get(host)?.set(sessionCookie, change(value))
    expect(await sessionOf(browser)).toBeUndefined()
  })

  it('is found among other cookies', async () => {
    const browser = await setup(provider, { store }).signIn()
    const mine = browser.cookies(host)
    browser.jar.set(host, new Map([['a', 'b=c'], ['x__Host-cloakwright', 'no'], ...mine, ['z', '']]))
    expect(await sessionOf(browser)).toBeDefined()
  })

  it('is never used for a request with its own token', async () => {
    const browser = await setup(provider, { store }).signIn()
    for (const authorization of ['Bearer x', 'Basic x', ''])
      expect(await sessionOf(browser, { authorization })).toBeUndefined()
  })

  it('idles out, unless it is used', async () => {
    provider.lifetime = 36_000
    const { clock, signIn } = setup(provider, { store, idleTimeout: 600 })
    const browser = await signIn()
    for (let minutes = 0; minutes < 30; minutes += 9) {
      clock.forward(540)
      expect(await sessionOf(browser)).toBeDefined()
    }
    clock.forward(601)
    expect(await sessionOf(browser)).toBeUndefined()
  })

  it('ends at its absolute timeout, however much it is used', async () => {
    provider.lifetime = 36_000
    const { clock, signIn } = setup(provider, { store, idleTimeout: 600, absoluteTimeout: 1500 })
    const browser = await signIn()
    for (const seconds of [500, 500, 499]) {
      clock.forward(seconds)
      expect(await sessionOf(browser)).toBeDefined()
    }
    clock.forward(2)
    expect(await sessionOf(browser)).toBeUndefined()
  })

  it('idles out after 30 minutes and ends after 10 hours by default', async () => {
    const { clock, signIn } = setup(provider, { store })
    const started = clock.now()
    await signIn()
    const [row = {}] = await rows()
    const minutes = (name: string): number => Math.round(((row[name] as Date).getTime() - started) / 60_000)
    expect([minutes('expires_at'), minutes('absolute_expires_at')]).toEqual([30, 600])
  })

  it('is written at most once a minute when it is used', async () => {
    const { clock, signIn } = setup(provider, { store })
    const browser = await signIn()
    const seen = async (): Promise<unknown> => (await rows())[0]?.['last_seen_at']
    const first = await seen()
    clock.forward(59)
    await sessionOf(browser)
    expect(await seen()).toEqual(first)
    clock.forward(2)
    await sessionOf(browser)
    expect(await seen()).not.toEqual(first)
  })

  it('survives a rotation of keys, and is encrypted with the new key at its refresh', async () => {
    let keys: SessionKey[] = [newKey('old')]
    const { clock, newBrowser, signIn } = setup(provider, { store, keys: () => keys })
    const browser = await signIn()
    const underWay = newBrowser()
    const answer = (await underWay.open(`${publicUrl}/page`, `${publicUrl}/auth/callback`)).headers.get(
      'location',
    )
    keys = [newKey('new'), ...keys]
    expect(await sessionOf(browser)).toBeDefined()
    expect((await rows())[0]?.['key_id']).toBe('old')
    clock.forward(280)
    expect(await sessionOf(browser)).toBeDefined()
    expect((await rows())[0]?.['key_id']).toBe('new')
    // A login that was pending still completes.
    expect((await underWay.open(answer ?? '')).status).toBe(200)
    keys = keys.slice(0, 1)
    expect(await sessionOf(browser)).toBeDefined()
  })

  it('ends when its key is removed', async () => {
    let keys = [newKey('old')]
    const { signIn } = setup(provider, { store, keys: () => keys })
    const browser = await signIn()
    keys = [newKey('new')]
    expect(await sessionOf(browser)).toBeUndefined()
  })

  it('fails closed if the store is down: 503, never "no session"', async () => {
    const gone = new CloakwrightError('CW_STATE_UNAVAILABLE', 'gone')
    let down = false
    const memory = memorySessionStore()
    const failing: SessionStore = {
      ...memory,
      read: (key) => (down ? Promise.reject(gone) : memory.read(key)),
    }
    const browser = await setup(provider, { store: failing }).signIn()
    down = true
    await expect(sessionOf(browser)).rejects.toBe(gone)
    down = false
    expect(await sessionOf(browser)).toBeDefined()
  })
})
