import { CloakwrightError } from 'cloakwright'
import { createTenantSessions, type TenantOptions, type TenantSessionsOptions } from 'cloakwright/session'
import { memorySessionStore } from 'cloakwright/state'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, refusalOf } from '../support/refusal.ts'
import { Browser, toApp } from './support/browser.ts'
import { clientId, clientSecret, startProvider, type TestProvider } from './support/provider.ts'
import { Clock, newKey } from './support/setup.ts'

let provider: TestProvider
beforeAll(async () => {
  provider = await startProvider()
})
afterAll(() => provider.close())

const keys = [newKey('k1')]
const optionsOf = (name: string, change: Partial<TenantOptions> = {}): TenantOptions => ({
  issuer: provider.issuer,
  clientId,
  clientSecret,
  audience: clientId,
  publicUrl: `https://${name}.example.com`,
  keys,
  ...change,
})
/** Each host below example.com is a tenant. */
const tenantOf = ({ url }: { readonly url: string }): string | undefined =>
  /^(\w+)\.example\.com$/.exec(new URL(url).hostname)?.[1]
const create = (options: Partial<TenantSessionsOptions> = {}) =>
  createTenantSessions({
    tenantOf,
    optionsOf: (name) => optionsOf(name),
    store: memorySessionStore(),
    ...options,
  })
const requestTo = (name: string, path = '/auth/session'): Request =>
  new Request(`https://${name}.example.com${path}`)

test.each<[string, object | undefined, string]>([
  ['no options', undefined, 'CW_CONFIG_MISSING'],
  ['no tenantOf', { optionsOf: () => undefined, store: memorySessionStore() }, 'CW_CONFIG_INVALID'],
  ['no optionsOf', { tenantOf: () => 'a', store: memorySessionStore() }, 'CW_CONFIG_INVALID'],
  ['no store', { tenantOf: () => 'a', optionsOf: () => undefined }, 'CW_CONFIG_MISSING'],
  ['another store', { tenantOf: () => 'a', optionsOf: () => undefined, store: {} }, 'CW_CONFIG_INVALID'],
  ['a base path with a slash at its end', { basePath: '/auth/' }, 'CW_CONFIG_INVALID'],
  ['no room for a tenant', { maxTenants: 0 }, 'CW_CONFIG_INVALID'],
  ['no age', { maxAge: 0 }, 'CW_CONFIG_INVALID'],
])('%s is refused at start-up', async (_name, options, code) => {
  const isWhole = options === undefined || 'store' in options || 'tenantOf' in options
  const given = isWhole ? options : { tenantOf, optionsOf, store: memorySessionStore(), ...options }
  expect(await codeOf(() => createTenantSessions(given as unknown as TenantSessionsOptions))).toBe(code)
})

describe('the options of a tenant', () => {
  test.each<[string, Partial<Record<keyof TenantOptions, unknown>>, string]>([
    ['without an issuer', { issuer: undefined }, 'CW_CONFIG_MISSING'],
    ['without an audience', { audience: undefined }, 'CW_CONFIG_MISSING'],
    ['with an empty list of audiences', { audience: [] }, 'CW_CONFIG_MISSING'],
    ['with a path beside that of the others', { basePath: '/login' }, 'CW_CONFIG_INVALID'],
    ['with a path that only begins alike', { basePath: '/authentic' }, 'CW_CONFIG_INVALID'],
    ['with plain http', { publicUrl: 'http://bad.example.com' }, 'CW_CONFIG_INSECURE'],
  ])('%s are an error with its name, and other tenants work', async (_name, change, code) => {
    const sessions = create({
      optionsOf: (name) => optionsOf(name, name === 'bad' ? (change as Partial<TenantOptions>) : {}),
    })
    const error = await refusalOf(() => sessions.handle(requestTo('bad')))
    expect([error?.code, error?.message]).toEqual([code, expect.stringMatching(/^Tenant "bad": /)])
    expect((await sessions.handle(requestTo('good')))?.status).toBe(401)
  })

  test('are read once, however many requests there are', async () => {
    const names: string[] = []
    const sessions = create({
      async optionsOf(name) {
        names.push(name)
        return optionsOf(name)
      },
    })
    const requests = Array.from({ length: 20 }, (_, index) => requestTo(index % 2 === 0 ? 'acme' : 'globex'))
    await Promise.all(requests.map((request) => sessions.handle(request)))
    await sessions.handle(requestTo('acme'))
    expect(names).toEqual(['acme', 'globex'])
  })

  test('are read again after a failure, which is none of the request', async () => {
    let isDown = true
    const sessions = create({
      optionsOf(name) {
        if (isDown) throw new Error('password=hunter2')
        return optionsOf(name)
      },
    })
    const error = await refusalOf(() => sessions.authenticate(requestTo('acme')))
    expect(error).toMatchObject({ code: 'CW_TENANT_UNAVAILABLE', status: 503, retryAfter: 5 })
    expect(`${error?.message} ${error?.hint}`).not.toContain('hunter2')
    isDown = false
    expect(await sessions.authenticate(requestTo('acme'))).toBeUndefined()
  })

  test('are read again after maxAge: a failure changes nothing, a removed tenant is unknown', async () => {
    const clock = new Clock()
    let found: 'first' | 'second' | 'down' | undefined = 'first'
    const sessions = create({
      now: clock.now,
      maxAge: 60,
      optionsOf(name) {
        if (found === 'down') throw new CloakwrightError('CW_STATE_UNAVAILABLE', 'down')
        return found && optionsOf(name, { clientId: found })
      },
    })
    const client = async (): Promise<string | null> => {
      const login = await sessions.handle(requestTo('acme', '/auth/login'))
      return new URL(login?.headers.get('location') ?? '').searchParams.get('client_id')
    }
    expect(await client()).toBe('first')
    found = 'second'
    expect(await client()).toBe('first')
    clock.forward(61)
    expect(await client()).toBe('second')
    found = 'down'
    clock.forward(61)
    expect(await client()).toBe('second')
    found = undefined
    expect(await client()).toBe('second')
    clock.forward(31)
    expect(await codeOf(client)).toBe('CW_TENANT_UNKNOWN')
    expect(await codeOf(client)).toBe('CW_TENANT_UNKNOWN')
  })
})

test.each([
  ['a promise', Promise.resolve('acme')],
  ['a number', 1],
])('a tenantOf that returns %s is a mistake of the service', async (_name, value) => {
  const sessions = create({ tenantOf: () => value as unknown as string })
  const error = await refusalOf(() => sessions.authenticate(requestTo('acme')))
  expect([error?.code, error?.message]).toEqual(['CW_CONFIG_INVALID', expect.stringMatching(/^tenantOf: /)])
})

test('requests for very many tenants do not pile up', async () => {
  const waiting: (() => void)[] = []
  const sessions = create({
    optionsOf: async (name) => {
      await new Promise<void>((resolve) => waiting.push(resolve))
      return optionsOf(name)
    },
  })
  const pending = Array.from({ length: 1_000 }, (_, index) => sessions.handle(requestTo(`t${index}`)))
  expect(await codeOf(() => sessions.handle(requestTo('one_more')))).toBe('CW_TENANT_UNAVAILABLE')
  for (const go of waiting) go()
  await Promise.all(pending)
  waiting.length = 0
  const late = sessions.handle(requestTo('one_more'))
  waiting[0]?.()
  expect((await late)?.status).toBe(401)
})

test('all tenants follow the store once, and users stay signed in while tenants are dropped', async () => {
  const store = memorySessionStore()
  let followers = 0
  const counted = Object.assign(Object.create(store) as typeof store, {
    follow: (...[onChanged]: Parameters<typeof store.follow>) => {
      followers++
      return store.follow(onChanged)
    },
  })
  const sessions = create({ store: counted, maxTenants: 1 })
  const names = ['acme', 'globex', 'initech']
  const browser = new Browser(
    Object.fromEntries(names.map((name) => [`https://${name}.example.com`, toApp(sessions)])),
  )
  for (const name of names) expect((await browser.open(`https://${name}.example.com/page`)).status).toBe(200)
  for (let round = 0; round < 3; round++)
    for (const name of names)
      expect((await browser.send(`https://${name}.example.com/page`)).status).toBe(200)
  expect(followers).toBe(1)
  await sessions.close()
})

test('other paths are left to the service, whatever their host is', async () => {
  const sessions = create()
  expect(await sessions.handle(new Request('https://evil.example/health'))).toBeUndefined()
  expect(await sessions.handle(requestTo('acme', '/authentic'))).toBeUndefined()
  expect(sessions.loginPath(new Request('https://evil.example/health'))).toBe('/auth/login')
})
