import type { SessionEngine, SessionOptions } from 'cloakwright/session'
import {
  memorySessionStore,
  migrate,
  migrations,
  postgresSessionStore,
  type SessionFeed,
  type SessionStore,
} from 'cloakwright/state'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { atOnceOf } from '../../src/at-once.ts'
import type { LiveSession } from '../../src/session/live-session.ts'
import { createSessionCache } from '../../src/session/session-cache.ts'
import { databases } from '../state/support/databases.ts'
import { newRecord } from '../state/support/records.ts'
import type { Browser } from './support/browser.ts'
import { startProvider, type TestProvider } from './support/provider.ts'
import { host, newKey, publicUrl, sessionCookie, setup } from './support/setup.ts'
import { stores } from './support/stores.ts'

let provider: TestProvider
const engines: SessionEngine[] = []
beforeAll(async () => {
  provider = await startProvider()
})
beforeEach(() => provider.reset())
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(engines.splice(0).map((engine) => engine.close()))
})
afterAll(() => provider.close())

const keys = [newKey('k1')]

function replica(store: SessionStore, options: Partial<SessionOptions> = {}) {
  const created = setup(provider, { store, keys, ...options })
  engines.push(created.sessions)
  return created
}

function request(browser: Browser): Request {
  const cookie = `${sessionCookie}=${browser.cookies(host).get(sessionCookie)}`
  return new Request(publicUrl, { headers: { cookie } })
}

/** The clock of the cache stands still, so that a slow machine does not make known sessions unknown. */
let time = 0
beforeEach(() => {
  time = performance.now()
  vi.spyOn(performance, 'now').mockImplementation(() => time)
})

/** Asks until a request needs no read of the store. */
async function warmUp(sessions: SessionEngine, browser: Browser, reads: () => number): Promise<void> {
  await vi.waitFor(async () => {
    time += 400
    const before = reads()
    expect(await sessions.authenticate(request(browser))).toBeDefined()
    expect(reads()).toBe(before)
  }, patience)
}

const patience = { timeout: 15_000 }
const sameSite = { method: 'POST', headers: { origin: publicUrl, 'x-csrf': '1' } }

function counted(store: SessionStore): { store: SessionStore; reads: () => number } {
  let reads = 0
  const read: SessionStore['read'] = async (key) => {
    reads += 1
    return await store.read(key)
  }
  return { store: { ...store, read }, reads: () => reads }
}

describe('a use of a session that began before its data was changed', () => {
  it('does not bring the old data back', async () => {
    const cache = createSessionCache(memorySessionStore(), () => {})
    onTestFinished(() => cache.close())
    const sealed = { keyId: 'k1', sealed: new Uint8Array([1]) }
    const tokens = {
      accessToken: 'a',
      refreshToken: undefined,
      idToken: undefined,
      issuedAt: 0,
      refreshAt: 0,
    }
    const liveWith = (version: number): LiveSession => ({
      record: newRecord({ key: 'one', data: { ...sealed, version } }),
      tokens: { ...tokens, refreshExpiresAt: undefined, stepUp: undefined },
      data: { version },
    })
    await vi.waitFor(() => {
      time += 400
      expect(cache.find('one', async () => liveWith(2))).not.toBeInstanceOf(Promise)
    }, patience)
    cache.update(liveWith(1))
    expect(await cache.find('one', async () => liveWith(3))).toMatchObject({ data: { version: 2 } })
  })
})

describe.each(stores)('sessions in $name', ({ open }) => {
  let store: SessionStore
  let close: () => Promise<void>
  beforeAll(async () => {
    ;({ store, close } = await open())
  })
  afterAll(() => close())

  it('are read once, then known, for as long as their changes arrive', async () => {
    const { store: seen, reads } = counted(store)
    const { sessions, signIn } = replica(seen)
    const browser = await signIn()
    await warmUp(sessions, browser, reads)
    const before = reads()
    const found = await Promise.all(Array.from({ length: 20 }, () => sessions.authenticate(request(browser))))
    expect(found.map((session) => session?.subject)).toEqual(found.map(() => 'sub-alice'))
    expect(reads()).toBe(before)
    // How guards ask: without a promise.
    // oxlint-disable-next-line typescript/unbound-method -- it only identifies the function
    expect(atOnceOf(sessions.authenticate)?.(request(browser))).toMatchObject({ subject: 'sub-alice' })
  })

  it('end at once here, and within a moment on another replica, where they were known', async () => {
    const { store: seen, reads } = counted(store)
    const here = replica(store)
    const there = replica(seen)
    const browser = await here.signIn()
    await warmUp(there.sessions, browser, reads)
    const old = request(browser)
    await browser.send(`${publicUrl}/auth/logout`, sameSite)
    expect(await here.sessions.authenticate(old)).toBeUndefined()
    await vi.waitFor(async () => expect(await there.sessions.authenticate(old)).toBeUndefined(), patience)
  })

  it('tell those who watch them on another replica', async () => {
    const { store: seen, reads } = counted(store)
    const here = replica(store)
    const there = replica(seen)
    const browser = await here.signIn()
    await warmUp(there.sessions, browser, reads)
    const session = await there.sessions.authenticate(request(browser))
    const told = vi.fn()
    if (session !== undefined) there.sessions.watch(session, told)
    await store.remove(session?.key ?? '')
    await vi.waitFor(() => expect(told).toHaveBeenCalled(), patience)
  })

  it('have their new token on every replica after it was refreshed on one', async () => {
    const { store: seen, reads } = counted(store)
    const here = replica(store)
    const there = replica(seen)
    const browser = await here.signIn()
    await warmUp(there.sessions, browser, reads)
    const refreshed = await here.sessions.refreshSession(request(browser))
    await vi.waitFor(
      async () =>
        expect((await there.sessions.authenticate(request(browser)))?.accessToken).toBe(
          refreshed?.accessToken,
        ),
      patience,
    )
  })
})

describe('a store whose changes stop arriving', () => {
  /** A connection that is dead and looks alive, once `silent` is set. */
  function fragile() {
    const kept = memorySessionStore()
    const state = { silent: false }
    const follow: SessionStore['follow'] = async (onChanged) => {
      const feed = await kept.follow((key) => {
        if (!state.silent) onChanged(key)
      })
      const caughtUp: SessionFeed['caughtUp'] = () =>
        state.silent ? new Promise<void>(() => {}) : feed.caughtUp()
      return { ...feed, caughtUp }
    }
    return { ...counted({ ...kept, follow }), state }
  }

  it('is read for each request after a second', async () => {
    const { store, reads, state } = fragile()
    const { sessions, signIn } = replica(store)
    const browser = await signIn()
    await warmUp(sessions, browser, reads)
    const session = await sessions.authenticate(request(browser))
    state.silent = true
    await store.remove(session?.key ?? '')
    time += 1001
    expect(await sessions.authenticate(request(browser))).toBeUndefined()
  })

  it.each([
    ['its user signs out', (browser: Browser) => browser.send(`${publicUrl}/auth/logout`, sameSite)],
    ['its user signs in again', (browser: Browser) => browser.open(`${publicUrl}/auth/login`)],
  ])('ends a session at once in the process where %s', async (_, end) => {
    const { store, reads, state } = fragile()
    const { sessions, signIn } = replica(store)
    const browser = await signIn()
    await warmUp(sessions, browser, reads)
    const old = request(browser)
    state.silent = true
    await end(browser)
    expect(await sessions.authenticate(old)).toBeUndefined()
  })

  it('has new tokens at once in the process that got them', async () => {
    const { store, reads, state } = fragile()
    const { sessions, signIn } = replica(store)
    const browser = await signIn()
    await warmUp(sessions, browser, reads)
    state.silent = true
    const refreshed = await sessions.refreshSession(request(browser))
    expect((await sessions.authenticate(request(browser)))?.accessToken).toBe(refreshed?.accessToken)
  })

  it('brings no session back that a read has not found', async () => {
    const { store, reads, state } = fragile()
    const { sessions, signIn } = replica(store)
    const browser = await signIn()
    await warmUp(sessions, browser, reads)
    const session = await sessions.authenticate(request(browser))
    state.silent = true
    await store.remove(session?.key ?? '')
    time += 1001
    expect(await sessions.authenticate(request(browser))).toBeUndefined()
    // As on a new connection, before it tells that it is one.
    state.silent = false
    for (let proof = 0; proof < 3; proof++) {
      time += 401
      expect(await sessions.authenticate(request(browser))).toBeUndefined()
      await Promise.resolve()
    }
  })

  it('is read again after a minute, however often the use of the session is noted', async () => {
    const { store, reads } = fragile()
    const { clock, sessions, signIn } = replica(store, { idleTimeout: 60 })
    const browser = await signIn()
    await warmUp(sessions, browser, reads)
    const before = reads()
    for (let passed = 0; passed < 62_000; passed += 400) {
      time += 400
      clock.forward(0.4)
      await sessions.authenticate(request(browser))
    }
    expect(reads()).toBeGreaterThan(before)
  })

  it('is read for each request if it cannot be followed at all', async () => {
    const { store, reads } = counted({
      ...memorySessionStore(),
      follow: async () => await Promise.reject(new Error('a test: no connection to listen on')),
    })
    const { sessions, signIn } = replica(store)
    const browser = await signIn()
    for (let request_ = 0; request_ < 3; request_++) {
      time += 400
      const before = reads()
      expect(await sessions.authenticate(request(browser))).toBeDefined()
      expect(reads()).toBe(before + 1)
    }
  })

  it('is followed later without a request, and those who watch a session hear of its end', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const kept = memorySessionStore()
    let tries = 0
    const { sessions, signIn } = replica({
      ...kept,
      follow: async (onChanged) => {
        if (++tries === 1) throw new Error('a test: no connection to listen on')
        return await kept.follow(onChanged)
      },
    })
    const browser = await signIn()
    const session = await sessions.authenticate(request(browser))
    if (session === undefined) throw new Error('no session')
    const told = vi.fn()
    sessions.watch(session, told)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(tries).toBe(2)
    expect(told, 'a change may have been missed').toHaveBeenCalledTimes(1)
    await kept.remove(session.key)
    expect(told).toHaveBeenCalledTimes(2)
  })

  it('forgets what it knew when it reports that changes may be missing', async () => {
    let report: (key: string | undefined) => void = () => {}
    const kept = memorySessionStore()
    const { store, reads } = counted({
      ...kept,
      follow: async (onChanged) => {
        report = onChanged
        return await kept.follow(onChanged)
      },
    })
    const { sessions, signIn } = replica(store)
    const browser = await signIn()
    await warmUp(sessions, browser, reads)
    const before = reads()
    report(undefined)
    await sessions.authenticate(request(browser))
    expect(reads()).toBe(before + 1)
  })

  it('does not keep what was read while it changed', async () => {
    const kept = memorySessionStore()
    let duringRead = async (): Promise<void> => {}
    const { store, reads } = counted({
      ...kept,
      read: async (key) => {
        const record = await kept.read(key)
        await duringRead()
        return record
      },
    })
    const { sessions, signIn } = replica(store)
    const browser = await signIn()
    await warmUp(sessions, browser, reads)
    const key = (await sessions.authenticate(request(browser)))?.key ?? ''
    // Reads again, since a minute has passed.
    time += 60_001
    await vi.waitFor(async () => {
      time += 400
      await sessions.authenticate(request(browser))
    })
    time += 60_001
    duringRead = async () => {
      duringRead = async () => {}
      await kept.remove(key)
    }
    await sessions.authenticate(request(browser))
    expect(await sessions.authenticate(request(browser))).toBeUndefined()
  })
})

describe.each(databases)('rows that an operator deletes or ends in $name', ({ open }) => {
  it('end the sessions that replicas know', async () => {
    const database = await open()
    try {
      await migrate(database.sql, 'cloakwright', migrations)
      const { store, reads } = counted(postgresSessionStore(database.sql))
      const { sessions, signIn } = replica(store)
      for (const statement of [
        'DELETE FROM cloakwright.sessions',
        'UPDATE cloakwright.sessions SET expires_at = created_at',
        'TRUNCATE cloakwright.sessions',
      ]) {
        const browser = await signIn()
        await warmUp(sessions, browser, reads)
        await database.sql.query(statement)
        await vi.waitFor(
          async () => expect(await sessions.authenticate(request(browser))).toBeUndefined(),
          patience,
        )
      }
      await sessions.close()
    } finally {
      await database.close()
    }
  })
})
