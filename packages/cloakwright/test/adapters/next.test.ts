import { createVerifier, role } from 'cloakwright'
import { cloakwright } from 'cloakwright/next'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { clientId, startProvider, type TestProvider } from '../session/support/provider.ts'
import { host, publicUrl, sessionCookie, setup } from '../session/support/setup.ts'
import { testResource } from './behaviour/resource.ts'
import { testSessionBehaviour } from './behaviour.ts'
import { nextDriver } from './drivers/next.ts'
import { giveAccessTokens } from './support/access-tokens.ts'

describe(nextDriver.name, () => {
  testSessionBehaviour(nextDriver)
  describe('resource', () => testResource(nextDriver))
})

describe('a proxy', () => {
  let provider: TestProvider
  let proxy: (headers: Record<string, string>, method?: string) => Promise<Response | undefined>
  let cookie: string
  beforeAll(async () => {
    provider = await startProvider()
    giveAccessTokens(provider, () => ['buyer'])
    const { sessions, signIn } = setup(provider)
    const verifier = createVerifier({ issuer: provider.issuer, audience: clientId })
    cookie = `${sessionCookie}=${(await signIn()).cookies(host).get(sessionCookie) ?? ''}`
    const guard = cloakwright({ verifier, sessions }).proxy(role('buyer'))
    // Next.js puts the name under which it listens into the URL.
    proxy = (headers, method = 'GET') =>
      guard(new Request('http://localhost:3000/account?a=1', { method, headers: { host, ...headers } }))
  })
  afterAll(() => provider.close())

  test('lets a session pass', async () => {
    expect(await proxy({ cookie })).toBeUndefined()
  })

  test('redirects a navigation to the login of the realm, and refuses a fetch', async () => {
    const opened = await proxy({ accept: 'text/html' })
    expect([opened?.status, opened?.headers.get('location')?.split('?')[0]]).toEqual([
      302,
      `${provider.issuer}/auth`,
    ])
    const fetched = await proxy({})
    expect(await fetched?.json()).toMatchObject({ status: 401, login: '/auth/login' })
  })

  test('lets the call of a server action of the same site pass, and no other', async () => {
    const action = { cookie, 'content-type': 'text/plain;charset=UTF-8', 'next-action': 'abc' }
    expect(await proxy({ ...action, origin: publicUrl }, 'POST')).toBeUndefined()
    for (const headers of [{ ...action, origin: 'https://other.example' }, action])
      expect((await proxy(headers, 'POST'))?.status).toBe(403)
  })
})

/** The headers of the request that calls a server action. */
let current = new Headers()
// Next.js itself is tested in next.compatibility.test.ts.
vi.mock('next/headers.js', () => ({ headers: async () => current }))

describe('a server action', () => {
  test('has the session for a request of the same site only', async () => {
    const provider = await startProvider()
    giveAccessTokens(provider)
    const { sessions, signIn } = setup(provider)
    const verifier = createVerifier({ issuer: provider.issuer, audience: clientId })
    const cookie = `${sessionCookie}=${(await signIn()).cookies(host).get(sessionCookie) ?? ''}`
    const { getUser } = cloakwright({ verifier, sessions })
    const userFor = async (headers: Record<string, string>): Promise<unknown> => {
      current = new Headers({ host, cookie, ...headers })
      return await getUser().then(
        (user) => user?.subject,
        (error: { code?: string }) => error.code,
      )
    }
    expect(await userFor({})).toBe('sub-alice')
    expect(await userFor({ origin: publicUrl, 'sec-fetch-site': 'same-origin' })).toBe('sub-alice')
    expect(await userFor({ origin: 'null', 'sec-fetch-site': 'same-site' })).toBe('CW_SESSION_ORIGIN')
    expect(await userFor({ origin: 'null' })).toBe('CW_SESSION_ORIGIN')
    // A page of this site with that policy.
    expect(await userFor({ origin: 'null', 'sec-fetch-site': 'same-origin' })).toBe('sub-alice')
    await provider.close()
  })
})
