import { readFileSync } from 'node:fs'
import { acr, createVerifier, maxAge, type Policy } from 'cloakwright'
import { cloakwright } from 'cloakwright/web'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { codeFor } from '../../../../conformance/src/totp.ts'
import { Browser } from './support/browser.ts'
import {
  appSecret,
  appUrl,
  type LoginRealm,
  openLoginRealm,
  openService,
  signIn,
  submit,
} from './support/realm.ts'

// What Keycloak does with acr_values, max_age and a refresh. The embedded realm has no levels of authentication.

let realm: LoginRealm
beforeAll(async () => {
  const file = new URL('../../../../docs/guides/step-up-realm.json', import.meta.url)
  const { realm: _name, ...definition } = JSON.parse(
    readFileSync(file, 'utf8').replaceAll('http://localhost:3000', appUrl),
  ) as { realm: string; clients: object[] }
  const clients = definition.clients.map((client) => ({ ...client, clientId: 'app', secret: appSecret }))
  realm = await openLoginRealm({ ...definition, clients })
})
afterAll(() => realm?.close())

test('a level by a second factor is kept by a refresh, and by a more recent login', async () => {
  const { sessions } = openService(realm)
  const verifier = createVerifier({ issuer: realm.issuer, audience: 'shop' })
  const protect = cloakwright({ verifier, sessions })
  const page = (policy: Policy) => protect((request) => Response.json({ page: request.url }), policy)
  const pages: Record<string, (request: Request) => Promise<Response>> = {
    '/gold': page(acr('gold')),
    '/recent': page(maxAge(4)),
  }
  const browser = new Browser({
    [appUrl]: async (request) => {
      const handled = await protect.routes(request)
      return handled ?? (await (pages[new URL(request.url).pathname] ?? page(maxAge(300)))(request))
    },
  })
  const claims = async (): Promise<{ acr?: string; auth_time?: number }> => {
    const cookie = Array.from(browser.cookies('localhost'), (pair) => pair.join('=')).join('; ')
    const session = await sessions.refreshSession(new Request(appUrl, { headers: { cookie } }))
    return decodeJwt(session?.accessToken ?? '')
  }

  expect((await signIn(browser, 'alice', `${appUrl}/page`)).status).toBe(200)
  expect((await claims()).acr).toBe('silver')

  // Only the second factor, which alice sets up now.
  const setUp = await browser.open(`${appUrl}/gold?x=1`)
  const html = await setUp.clone().text()
  const [, secret = ''] = /name="totpSecret" value="([^"]*)"/.exec(html) ?? []
  const answer = await submit(browser, setUp, {
    totp: await codeFor(secret, -1),
    totpSecret: secret,
    userLabel: 'p',
  })
  const back = await browser.open(answer.headers.get('location') ?? '')
  expect(await back.json()).toEqual({ page: `${appUrl}/gold?x=1` })
  const before = await claims()
  expect(before.acr).toBe('gold')
  expect(await claims()).toMatchObject({ acr: 'gold', auth_time: before.auth_time })

  // Once the login is too old, max_age asks for the password, and acr_values for the code: the session stays gold.
  await vi.waitFor(async () => expect(Date.now() / 1000 - (before.auth_time ?? 0)).toBeGreaterThan(5), {
    timeout: 10_000,
  })
  const login = await browser.open(`${appUrl}/recent`)
  const asked = new URL(browser.visited[1] ?? '').searchParams
  expect([asked.get('max_age'), asked.get('acr_values')]).toEqual(['4', 'gold'])
  const second = await submit(browser, login, { password: 'alice' })
  const code = await submit(browser, second, { otp: await codeFor(secret) })
  expect((await browser.open(code.headers.get('location') ?? '')).status).toBe(200)
  const after = await claims()
  expect(after.acr).toBe('gold')
  expect(after.auth_time).toBeGreaterThan(before.auth_time ?? 0)
})
