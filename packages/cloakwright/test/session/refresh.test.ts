import { CloakwrightError } from 'cloakwright'
import type { SessionOptions } from 'cloakwright/session'
import type { SessionStore } from 'cloakwright/state'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Browser } from './support/browser.ts'
import { clientSecret, startProvider, type TestProvider } from './support/provider.ts'
import { closeEngines, host, newKey, publicUrl, sessionCookie, setup } from './support/setup.ts'
import { stores } from './support/stores.ts'

describe.each(stores)('refresh, with sessions in $name', ({ open }) => {
  let provider: TestProvider
  let store: SessionStore
  let close: () => Promise<void>
  beforeAll(async () => {
    provider = await startProvider()
    ;({ store, close } = await open())
  })
  beforeEach(() => provider.reset())
  afterEach(async () => {
    vi.restoreAllMocks()
    await closeEngines(provider)
  })
  afterAll(async () => {
    await close()
    await provider.close()
  })

  type Replica = ReturnType<typeof setup>

  /** Several replicas on one store, and a signed-in browser whose access token (300 s) is due for a refresh. */
  async function due(
    count = 1,
    seconds = 280,
    options: Partial<SessionOptions> = {},
  ): Promise<{ replicas: Replica[]; browser: Browser; first: Replica }> {
    const keys = [newKey('k1')]
    const replicas = Array.from({ length: count }, () => setup(provider, { store, keys, ...options }))
    const first = replicas[0] as Replica
    const browser = await first.signIn()
    for (const { clock } of replicas) clock.forward(seconds)
    provider.grants.length = 0
    return { replicas, browser, first }
  }

  async function ask(replica: Replica, browser: Browser): Promise<string> {
    const cookie = `${sessionCookie}=${browser.cookies(host).get(sessionCookie)}`
    const session = await replica.sessions
      .authenticate(new Request(publicUrl, { headers: { cookie } }))
      .catch((error: CloakwrightError) => error)
    if (session instanceof Error) return `${session.code} ${session.status} ${session.retryAfter}`
    return session === undefined ? 'no session' : session.accessToken
  }

  it('does not happen before it is due', async () => {
    const { browser, first } = await due(1, 260)
    await ask(first, browser)
    expect(provider.grants).toEqual([])
  })

  it('returns a new access token, stored for the next request', async () => {
    const { browser, first } = await due()
    const refreshed = await ask(first, browser)
    expect(refreshed).toMatch(/^access~alice~/)
    expect(await ask(first, browser)).toBe(refreshed)
    expect(provider.grants.map(({ form }) => form.get('grant_type'))).toEqual(['refresh_token'])
  })

  it('with an endless response is read up to 1 MB, and keeps the session', async () => {
    let read = 0
    let isEndless = false
    const endless = new ReadableStream({
      pull(stream) {
        read += 1
        stream.enqueue(new Uint8Array(64 * 1024))
      },
    })
    const replica = setup(provider, {
      store,
      fetch: async (url, init) =>
        isEndless && url.endsWith('/token') ? new Response(endless) : await fetch(url, init),
    })
    const browser = await replica.signIn()
    replica.clock.forward(301)
    isEndless = true

    expect(await ask(replica, browser)).toMatch(/^CW_PROVIDER_UNAVAILABLE 503/)
    expect(read).toBeLessThan(20)
    isEndless = false
    expect(await ask(replica, browser)).toMatch(/^access~alice~/)
  })

  it('is not sent to the target of a redirect', async () => {
    const asked: string[] = []
    let redirects = false
    const replica = setup(provider, {
      store,
      fetch: async (url, init) => {
        if (redirects) asked.push(url)
        return redirects && url.endsWith('/token')
          ? new Response(null, { status: 307, headers: { location: 'https://other.example/token' } })
          : await fetch(url, init)
      },
    })
    const browser = await replica.signIn()
    replica.clock.forward(301)
    redirects = true

    expect(await ask(replica, browser)).toMatch(/^CW_PROVIDER_UNAVAILABLE 503/)
    expect(asked.every((url) => url.startsWith(provider.issuer))).toBe(true)
    expect(asked).not.toEqual([])
  })

  it('uses the new secret if the old one is revoked during the call', async () => {
    const secrets = [clientSecret, 'revoked', clientSecret]
    const replica = setup(provider, { store, clientSecret: async () => secrets.shift() ?? clientSecret })
    const browser = await replica.signIn()
    replica.clock.forward(301)
    expect(await ask(replica, browser)).toMatch(/^access~alice~/)
    expect(secrets).toEqual([])
  })

  it('is tried once with a secret that stays wrong, and keeps the session', async () => {
    let secret = clientSecret
    const replica = setup(provider, { store, clientSecret: async () => secret })
    const browser = await replica.signIn()
    replica.clock.forward(301)
    provider.grants.length = 0
    secret = 'wrong'
    expect(await ask(replica, browser)).toBe('CW_PROVIDER_UNAVAILABLE 503 5')
    expect(provider.grants).toHaveLength(1)
    secret = clientSecret
    replica.clock.forward(2)
    expect(await ask(replica, browser)).toMatch(/^access~alice~/)
  })

  it('happens again and again, each with the latest refresh token', async () => {
    const { browser, first } = await due()
    provider.now = first.clock.now
    for (let count = 0; count < 3; count++) {
      await ask(first, browser)
      first.clock.forward(280)
    }
    expect(new Set(provider.grants.map(({ form }) => form.get('refresh_token'))).size).toBe(3)
  })

  it.each([
    ['an access token that still lasts', 280],
    ['an access token that has ended', 301],
  ])('is one grant for 5 tabs on one replica, with %s', async (_, seconds) => {
    const { browser, first } = await due(1, seconds)
    const claims = vi.spyOn(store, 'claimRefresh')
    const tokens = await Promise.all(Array.from({ length: 5 }, () => ask(first, browser)))
    expect(provider.grants).toHaveLength(1)
    expect(claims).toHaveBeenCalledTimes(1)
    for (const token of tokens) expect(token).toMatch(/^access~alice~/)
    // With an expired one, every caller gets the new one.
    if (seconds > 300) expect(new Set(tokens).size).toBe(1)
  })

  it.each([280, 301])('is one grant for 20 tabs on 3 replicas (after %d of 300 s)', async (seconds) => {
    const { replicas, browser } = await due(3, seconds)
    // The provider responds once every replica has tried to get the lease.
    const claims = vi.spyOn(store, 'claimRefresh')
    provider.onToken = async (answer) => {
      await vi.waitUntil(() => claims.mock.calls.length >= 3)
      return answer
    }
    const asked = Array.from({ length: 20 }, (_, tab) => ask(replicas[tab % 3] as Replica, browser))
    const tokens = await Promise.all(asked)
    expect(provider.grants).toHaveLength(1)
    if (seconds > 300) expect(new Set(tokens).size).toBe(1)
    for (const token of tokens) expect(token).toMatch(/^access~alice~/)
  })

  it('keeps the old refresh token and ID token if no new ones are returned', async () => {
    provider.onToken = ({ status, body: { refresh_token, id_token, ...body } }, form) => ({
      status,
      body: form.get('grant_type') === 'refresh_token' ? body : { ...body, refresh_token, id_token },
    })
    const { browser, first } = await due()
    await ask(first, browser)
    first.clock.forward(280)
    expect(await ask(first, browser)).toMatch(/^access~/)
    const used = provider.grants.map(({ form }) => form.get('refresh_token'))
    expect(used).toEqual([used[0], used[0]])
    const logout = await browser.send(`${publicUrl}/auth/logout`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
    })
    expect(new URL(logout.headers.get('location') ?? '').searchParams.get('id_token_hint')).toMatch(/^eyJ/)
  })

  const outages: [string, TestProvider['onToken']][] = [
    ['breaks off', async () => undefined],
    ['responds with 503', () => ({ status: 503, body: {} })],
    ['responds without a token', () => ({ status: 200, body: {} })],
    ['refuses the client', () => ({ status: 401, body: { error: 'invalid_client' } })],
  ]

  it.each(outages)('failing (it %s) keeps the token in use while it is valid', async (_, onToken) => {
    const { browser, first } = await due()
    provider.onToken = onToken
    expect(await ask(first, browser)).toMatch(/^access~alice~/)
    expect(provider.grants).toHaveLength(1)
    provider.reset()
    first.clock.forward(2)
    expect(await ask(first, browser)).toMatch(/^access~alice~/)
    expect(provider.grants).toHaveLength(1)
  })

  it('does not wait for a realm that never answers while the token is valid, and does not ask it again at once', async () => {
    const { browser, first } = await due(1, 280, { timeout: 200 })
    provider.onToken = () => new Promise<never>(() => {})
    const tokens = await Promise.all([ask(first, browser), ask(first, browser), ask(first, browser)])
    expect(new Set(tokens).size).toBe(1)
    expect(tokens[0]).toMatch(/^access~alice~/)
    // Until the attempt has failed, the next request with an expired token joins it, and gets its result.
    first.clock.forward(30)
    expect(await ask(first, browser)).toBe('CW_PROVIDER_UNAVAILABLE 503 5')
    for (let request = 0; request < 5; request++)
      expect(await ask(first, browser)).toBe('CW_PROVIDER_UNAVAILABLE 503 5')
    expect(provider.grants).toHaveLength(1)
    provider.reset()
    provider.now = first.clock.now
    first.clock.forward(2)
    expect(await ask(first, browser)).toMatch(/^access~alice~/)
  })

  it.each(outages)(
    'failing (it %s) is 503 once the token has expired, and the session continues afterwards',
    async (_, onToken) => {
      const { browser, first } = await due(1, 301)
      provider.onToken = onToken
      expect(await ask(first, browser)).toBe('CW_PROVIDER_UNAVAILABLE 503 5')
      provider.reset()
      first.clock.forward(2)
      expect(await ask(first, browser)).toMatch(/^access~alice~/)
    },
  )

  it.each([1, 2])(
    'that was asked for is not replaced by one that had begun before, with %i replicas',
    async (count) => {
      const { replicas, browser, first } = await due(count)
      const other = replicas.at(-1) as Replica
      let release = (): void => {}
      const released = new Promise<void>((resolve) => {
        release = resolve
      })
      provider.onToken = async (answer) => {
        if (provider.grants.length === 1) await released
        return answer
      }
      const before = ask(first, browser)
      await vi.waitFor(() => expect(provider.grants).toHaveLength(1))
      for (const { clock } of replicas) clock.forward(1)
      const cookie = `${sessionCookie}=${browser.cookies(host).get(sessionCookie)}`
      const asked = other.sessions.refreshSession(new Request(publicUrl, { headers: { cookie } }))
      release()
      await before
      expect((await asked)?.accessToken).toBe(await ask(other, browser))
      expect(provider.grants).toHaveLength(2)
    },
  )

  it('is written once the store is back, since the old refresh token may be used up', async () => {
    let failures = 3
    const finishRefresh: SessionStore['finishRefresh'] = async (...values) => {
      if (failures-- > 0) throw new CloakwrightError('CW_STATE_UNAVAILABLE', 'a test: the store is restarted')
      return await store.finishRefresh(...values)
    }
    const { browser, first } = await due(1, 301, { store: { ...store, finishRefresh } })
    const used = new Set<string | null>()
    provider.onToken = (answer, form) => {
      const token = form.get('refresh_token')
      if (used.has(token)) return { status: 400, body: { error: 'invalid_grant' } }
      used.add(token)
      return answer
    }
    const refreshed = await ask(first, browser)
    expect(refreshed).toMatch(/^access~alice~/)
    first.clock.forward(280)
    expect(await ask(first, browser)).not.toBe('no session')
    expect(failures).toBeLessThan(0)
  })

  it('ends the session if the provider has ended it', async () => {
    const { replicas, browser, first } = await due(2)
    provider.onToken = () => ({ status: 400, body: { error: 'invalid_grant' } })
    expect(await Promise.all([ask(first, browser), ask(first, browser)])).toContain('no session')
    provider.reset()
    for (const replica of replicas) expect(await ask(replica, browser)).toBe('no session')
    expect(provider.grants).toEqual([])
  })

  it('ends the session if the provider returns another user', async () => {
    const { browser, first } = await due()
    provider.onIdToken = (claims) => Object.assign(claims, { sub: 'sub-mallory' })
    expect(await ask(first, browser)).toBe('no session')
  })

  it('is discarded if a logout arrives during it', async () => {
    const { browser, first } = await due(1, 301)
    let arrived = (): void => {}
    let release = (): void => {}
    const atProvider = new Promise<void>((resolve) => {
      arrived = resolve
    })
    provider.onToken = async (answer) => {
      arrived()
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return answer
    }
    const cookie = browser.cookies(host).get(sessionCookie) ?? ''
    const asked = ask(first, browser)
    await atProvider
    await browser.send(`${publicUrl}/auth/logout`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
    })
    release()
    expect(await asked).toBe('no session')
    browser.jar.set(host, new Map([[sessionCookie, cookie]]))
    expect(await ask(first, browser)).toBe('no session')
  })

  it('recovers from a replica that died between its grant and writing it', async () => {
    const { replicas, browser, first } = await due(2, 301)
    const second = replicas[1] as Replica
    // Takes the lease for a moment, and dies: it neither finishes nor releases it.
    const { claimRefresh } = store
    vi.spyOn(store, 'claimRefresh').mockImplementationOnce((key, version, holder) =>
      claimRefresh(key, version, holder, 60),
    )
    // Not an outage of the store, after which it would write again.
    const died = new CloakwrightError('CW_DISK_FULL', 'died')
    vi.spyOn(store, 'finishRefresh').mockRejectedValueOnce(died)
    vi.spyOn(store, 'abandonRefresh').mockRejectedValueOnce(died)
    expect(await ask(first, browser)).toBe('CW_DISK_FULL 503 undefined')
    expect(await ask(second, browser)).toMatch(/^access~alice~/)
    expect(provider.grants).toHaveLength(2)
  })

  it.each<[string, TestProvider['onToken']]>([
    ['got tokens', (answer) => answer],
    ['heard invalid_grant', () => ({ status: 400, body: { error: 'invalid_grant' } })],
  ])('uses the row if a stalled replica lost its lease and then %s', async (_, late) => {
    const { replicas, browser, first } = await due(2, 301)
    const second = replicas[1] as Replica
    const { claimRefresh } = store
    vi.spyOn(store, 'claimRefresh').mockImplementationOnce((key, version, holder) =>
      claimRefresh(key, version, holder, 1),
    )
    let release = (): void => {}
    let grants = 0
    provider.onToken = async (answer, form) => {
      if (++grants > 1) return answer
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return late(answer, form)
    }
    const stalled = ask(first, browser)
    await vi.waitFor(() => expect(grants).toBe(1))
    const written = await ask(second, browser)
    expect(written).toMatch(/^access~alice~/)
    release()
    expect(await stalled).toBe(written)
    expect(await ask(second, browser)).toBe(written)
  })

  it('does not wait for a slow provider while the token is valid', async () => {
    const { replicas, browser, first } = await due(2)
    let release = (): void => {}
    provider.onToken = async (answer) => {
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return answer
    }
    const slow = ask(first, browser)
    await vi.waitFor(() => expect(provider.grants).toHaveLength(1))
    for (const replica of replicas) expect(await ask(replica, browser)).toMatch(/^access~alice~/)
    release()
    await slow
    expect(provider.grants).toHaveLength(1)
  })

  it('is not needed by a session without a refresh token, which ends with its access token', async () => {
    provider.onToken = ({ status, body }) => ({ status, body: { ...body, refresh_token: undefined } })
    const { browser, first } = await due()
    expect(await ask(first, browser)).toMatch(/^access~/)
    first.clock.forward(21)
    expect(await ask(first, browser)).toBe('no session')
    expect(provider.grants).toEqual([])
  })

  it('happens at half of the lifetime of very short tokens', async () => {
    provider.lifetime = 10
    const { browser, first } = await due(1, 4)
    await ask(first, browser)
    expect(provider.grants).toEqual([])
    first.clock.forward(2)
    await ask(first, browser)
    expect(provider.grants).toHaveLength(1)
  })
})
