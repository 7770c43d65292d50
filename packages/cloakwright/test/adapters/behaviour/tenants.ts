import { randomUUID } from 'node:crypto'
import { createRevocations, createVerifier } from 'cloakwright'
import { createTenantSessions, type SessionEngine, type TenantOptions } from 'cloakwright/session'
import { memorySessionStore } from 'cloakwright/state'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from '../../session/support/browser.ts'
import { clientId, clientSecret, startProvider, type TestProvider } from '../../session/support/provider.ts'
import { newKey } from '../../session/support/setup.ts'
import type { Driver, Route, Service } from '../drivers/types.ts'
import { giveAccessTokens } from '../support/access-tokens.ts'
import { bearer, form, type Received, send } from './client.ts'
import { openEvents } from './session-streams.ts'
import { overHttp } from './session-world.ts'

/** By host: two realms. By path on one host: one client of one realm, three times. */
const hosts = { acme: 'https://acme.example.com', globex: 'https://globex.example.com' } as const
const shared = 'https://app.example.com'
const paths = ['north', 'south', 'east'] as const
type Name = keyof typeof hosts | (typeof paths)[number]

const pageOf = (name: Name, page = '/me'): string =>
  name in hosts ? hosts[name as keyof typeof hosts] + page : `${shared}/${name}${page}`
const authOf = (name: Name): string =>
  name in hosts ? `${hosts[name as keyof typeof hosts]}/auth` : `${shared}/auth/${name}`

const routes: readonly Route[] = ['', ...paths.map((name) => `/${name}`)].flatMap((at): readonly Route[] => [
  { path: `${at}/me`, guard: (is) => is.requireUser(), handler: 'user' },
  { path: `${at}/admin`, guard: (is) => is.requireRole('admin'), handler: 'ok' },
  { path: `${at}/anyone`, guard: (is) => is.allowAnonymous(), handler: 'maybe-user' },
  { path: `${at}/refresh`, guard: (is) => is.requireUser(), handler: 'refresh' },
  { path: `${at}/events`, guard: (is) => is.requireUser(), handler: 'events' },
])

/** Several realms, and several clients of one realm, in one service. */
export function testTenants(driver: Driver): void {
  let providers: { readonly [name in Name]: TestProvider }
  let sessions: SessionEngine
  let service: Service
  /** The names for which options were read, in order. */
  const read: string[] = []

  beforeAll(async () => {
    const [acme, globex, both] = [await startProvider(), await startProvider(), await startProvider()]
    for (const provider of [acme, globex, both]) giveAccessTokens(provider, () => ['user'])
    providers = { acme, globex, north: both, south: both, east: both }
    const keys = [newKey('k1')]
    const revocations = createRevocations()
    const optionsOf = (name: string): TenantOptions | undefined => {
      read.push(name)
      if (!(name in providers)) return undefined
      const { issuer } = providers[name as Name]
      const { origin, pathname } = new URL(authOf(name as Name))
      const client = { issuer, clientId, clientSecret, keys, revocations }
      const audience = name === 'east' ? 'east-api' : clientId
      return {
        ...client,
        audience,
        publicUrl: origin,
        basePath: pathname,
        pages: { name: `Shop of ${name}` },
      }
    }
    sessions = createTenantSessions({
      tenantOf({ url }) {
        const { hostname, pathname } = new URL(url)
        if (hostname === new URL(shared).hostname) return /^\/(?:auth\/)?(\w+)\//.exec(pathname)?.[1]
        return Object.entries(hosts).find(([, origin]) => new URL(origin).hostname === hostname)?.[0]
      },
      optionsOf,
      store: memorySessionStore(),
      maxTenants: 2,
    })
    const issuers = [acme, globex, both].map(({ issuer }) => ({ issuer, audience: [clientId, 'east-api'] }))
    const verifier = createVerifier({ issuers, revocations })
    service = await driver.start({ guard: { verifier, sessions }, routes })
  })
  afterAll(async () => {
    await service?.close()
    await sessions?.close()
    for (const provider of Object.values(providers ?? {})) await provider.close()
  })

  const newBrowser = (): Browser =>
    new Browser(
      Object.fromEntries([...Object.values(hosts), shared].map((origin) => [origin, overHttp(service)])),
    )
  const sendTo = (url: string, fields: readonly (readonly [string, string])[] = [], method = 'GET') => {
    const { host, pathname, search } = new URL(url)
    const body = method === 'GET' ? {} : { body: '' }
    return send(service, pathname + search, { method, fields: [['host', host], ...fields], ...body })
  }
  const tokenOf = (name: Name, claims: object = {}): Promise<string> => {
    const iat = Math.floor(Date.now() / 1000)
    const { issuer } = providers[name]
    const usual = { iss: issuer, aud: clientId, typ: 'Bearer', sub: 'sub-api', iat, exp: iat + 60 }
    return providers[name].sign({ ...usual, jti: randomUUID(), ...claims }, { typ: 'JWT' })
  }
  const signIn = async (name: Name, browser = newBrowser()): Promise<Browser> => {
    const response = await browser.open(pageOf(name))
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('sub-')])
    return browser
  }
  /** The session cookie that the browser has for a tenant, as a name and a value. */
  const cookieOf = async (name: Name): Promise<readonly [string, string]> => {
    const browser = await signIn(name)
    const { hostname } = new URL(pageOf(name))
    const found = [...browser.cookies(hostname)].filter(([key]) => /^__Host-cloakwright-[\w-]{8}$/.test(key))
    expect(found).toHaveLength(1)
    return found[0] as [string, string]
  }

  describe.each(['acme', 'globex', 'north', 'south'] as const)('of the tenant %s', (name) => {
    test('a user signs in at its realm, and out again', async () => {
      providers[name].user = name
      const browser = newBrowser()
      const response = await browser.open(`${pageOf(name)}?tab=2`)
      expect(await response.json()).toEqual({ user: `sub-${name}` })
      expect(browser.visited.map((url) => url.split('?')[0])).toEqual([
        pageOf(name),
        `${providers[name].issuer}/auth`,
        `${authOf(name)}/callback`,
        pageOf(name),
      ])
      expect((await browser.send(`${authOf(name)}/session`)).status).toBe(200)
      expect(await (await browser.send(pageOf(name, '/refresh'))).json()).toEqual({ roles: ['user'] })
      const headers = { 'sec-fetch-site': 'same-origin', [form[0]]: form[1] }
      const logout = await browser.send(`${authOf(name)}/logout`, { method: 'POST', headers, body: '' })
      expect(logout.headers.get('location')).toContain(`${providers[name].issuer}/logout`)
      expect((await browser.send(`${authOf(name)}/session`)).status).toBe(401)
    })

    test('a script is told where to sign in, and a refused user sees its pages', async () => {
      expect((await sendTo(pageOf(name))).json()).toMatchObject({
        status: 401,
        login: `${new URL(authOf(name)).pathname}/login`,
      })
      const browser = await signIn(name)
      const refused = await browser.open(pageOf(name, '/admin'))
      expect([refused.status, await refused.text()]).toEqual([
        403,
        expect.stringContaining(`Shop of ${name}`),
      ])
    })

    test('tokens of its own realm are accepted only', async () => {
      const statuses: Record<string, unknown> = {}
      for (const other of ['acme', 'globex', 'north'] as const) {
        const response = await sendTo(pageOf(name), [bearer(await tokenOf(other))])
        statuses[other] = response.status === 200 ? 200 : (response.json() as { code: string }).code
        if (response.status !== 200)
          expect(response.headers['www-authenticate']).toMatch(/^Bearer realm="test", error="invalid_token"/)
      }
      const isOwn = (other: Name): boolean => providers[other] === providers[name]
      expect(statuses).toEqual(
        Object.fromEntries(
          (['acme', 'globex', 'north'] as const).map((other) => [
            other,
            isOwn(other) ? 200 : 'CW_TOKEN_ISSUER',
          ]),
        ),
      )
    })
  })

  test('tokens for another audience of the same realm are refused, also those of a session', async () => {
    const refusal = { status: 401, code: 'CW_TOKEN_AUDIENCE' }
    const token = await tokenOf('east')
    expect((await sendTo(pageOf('north'), [bearer(token)])).status).toBe(200)
    expect((await sendTo(pageOf('east'), [bearer(token)])).json()).toMatchObject(refusal)
    const own = await tokenOf('east', { aud: ['east-api'] })
    expect((await sendTo(pageOf('east'), [bearer(own)])).status).toBe(200)
    expect((await sendTo(pageOf('north'), [bearer(own)])).json()).toMatchObject(refusal)
    // Its realm gives the session a token for another audience: no redirect to the login would help.
    const browser = newBrowser()
    expect((await browser.open(pageOf('east'))).status).toBe(401)
    expect(browser.visited).toHaveLength(4)
    expect((await browser.open(pageOf('east', '/refresh'))).status).toBe(401)
  })

  test.each([
    ['acme', 'globex'],
    ['north', 'south'],
    ['north', 'acme'],
  ] as const)('a session of %s is none of %s', async (one, other) => {
    const [name, value] = await cookieOf(one)
    const [otherName] = await cookieOf(other)
    expect(otherName).not.toBe(name)
    expect((await sendTo(pageOf(one), [['cookie', `${name}=${value}`]])).status).toBe(200)
    // While it is cached, and again.
    for (const cookie of [
      `${name}=${value}`,
      `${otherName}=${value}`,
      `${otherName}=${value}; ${name}=${value}`,
    ]) {
      expect((await sendTo(pageOf(other), [['cookie', cookie]])).status).toBe(401)
      expect((await sendTo(`${authOf(other)}/session`, [['cookie', cookie]])).status).toBe(401)
    }
    expect((await sendTo(pageOf(one), [['cookie', `${name}=${value}`]])).status).toBe(200)
  })

  test('one browser has a session of each tenant of a host', async () => {
    providers.north.user = 'one'
    const browser = await signIn('north')
    providers.south.user = 'two'
    await signIn('south', browser)
    for (const name of ['north', 'south'] as const)
      expect((await browser.send(pageOf(name))).status).toBe(200)
    const headers = { 'sec-fetch-site': 'same-origin', [form[0]]: form[1] }
    await browser.send(`${authOf('south')}/logout`, { method: 'POST', headers, body: '' })
    expect((await browser.send(pageOf('north'))).status).toBe(200)
    expect((await browser.send(pageOf('south'))).status).toBe(401)
  })

  test('a login of one tenant cannot be completed at another', async () => {
    const browser = newBrowser()
    await browser.open(pageOf('north'), `${authOf('north')}/callback`)
    const answer = await fetch(browser.visited.at(-1) ?? '', { redirect: 'manual' })
    const callback = answer.headers.get('location') ?? ''
    expect(callback).toContain(`${authOf('north')}/callback?`)
    // Even if the browser's user gives the cookie of the login the other tenant's name.
    const jar = browser.jar.get(new URL(shared).hostname)
    const [secret = ''] = [...(jar ?? [])].flatMap(([name, value]) =>
      name.endsWith('_login') ? [value] : [],
    )
    jar?.set(`${(await cookieOf('south'))[0]}_login`, secret)
    const { length } = providers.south.grants
    await browser.send(callback.replace('/auth/north/', '/auth/south/'))
    expect(providers.south.grants).toHaveLength(length)
    expect((await browser.send(`${authOf('south')}/session`)).status).toBe(401)
  })

  test('a logout token of one realm ends no session of another', async () => {
    const cookies = { acme: await cookieOf('acme'), globex: await cookieOf('globex') }
    const iat = Math.floor(Date.now() / 1000)
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
    const claims = { iss: providers.acme.issuer, aud: clientId, iat, exp: iat + 60, jti: randomUUID() }
    const token = await providers.acme.sign(
      { ...claims, sub: `sub-${providers.acme.user}`, sid: `sid-${providers.acme.user}`, events },
      { typ: 'logout+jwt' },
    )
    const logout = (name: Name): Promise<Received> => {
      const { host, pathname } = new URL(`${authOf(name)}/backchannel-logout`)
      const body = `logout_token=${token}`
      return send(service, pathname, { method: 'POST', fields: [['host', host], form], body })
    }
    const statusOf = async (name: 'acme' | 'globex'): Promise<number> =>
      (await sendTo(pageOf(name), [['cookie', cookies[name].join('=')]])).status
    expect((await logout('globex')).status).toBe(400)
    expect([await statusOf('acme'), await statusOf('globex')]).toEqual([200, 200])
    expect((await logout('acme')).status).toBe(200)
    expect([await statusOf('acme'), await statusOf('globex')]).toEqual([401, 200])
  })

  test('a stream ends with its session, also after its tenant was dropped from memory', async () => {
    // A logout at the realm ended the session that its name is made of.
    providers.globex.user = 'streams'
    const [name, value] = await cookieOf('globex')
    const host = new URL(pageOf('globex')).host
    const events = await openEvents(service, { host, cookie: `${name}=${value}` })
    for (const other of ['acme', 'north'] as const) expect((await sendTo(pageOf(other))).status).toBe(401)
    const fields = [['cookie', `${name}=${value}`], ['sec-fetch-site', 'same-origin'], form] as const
    expect((await sendTo(`${authOf('globex')}/logout`, fields, 'POST')).status).toBe(303)
    await events.closed
  })

  test('a host or a path of no tenant is not found, and nothing is read for a host that is not ours', async () => {
    providers.acme.user = 'visitor'
    const cookie = ['cookie', (await cookieOf('acme')).join('=')] as const
    read.length = 0
    const token = bearer(await tokenOf('acme'))
    for (const url of ['https://evil.example', 'https://acme.example.com.evil.example', 'http://127.0.0.1']) {
      for (const fields of [[], [cookie], [token]] as const)
        for (const path of ['/me', '/auth/login', '/auth/session']) {
          const response = await sendTo(url + path, fields)
          expect([response.status, response.headers['set-cookie']]).toEqual([404, undefined])
          if (path === '/me')
            expect(response.json()).toMatchObject({ code: 'CW_TENANT_UNKNOWN', detail: 'Not found' })
        }
      expect((await sendTo(`${url}/anyone`)).json()).toEqual({ user: null })
      expect((await sendTo(`${url}/anyone`, [token])).status).toBe(404)
    }
    expect(read).toEqual([])
    expect((await sendTo(`${shared}/auth/west/login`)).json()).toMatchObject({
      status: 404,
      code: 'CW_TENANT_UNKNOWN',
    })
    expect(read).toEqual(['west'])
  })
}
