import { createVerifier } from 'cloakwright'
import type { ApiClient } from 'cloakwright/clients'
import type { SessionEngine } from 'cloakwright/session'
import { cloakwright, type Protect } from 'cloakwright/web'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Browser } from '../session/support/browser.ts'
import { appUrl, type LoginRealm, openService, signIn } from '../session/support/realm.ts'
import { Clock } from '../session/support/setup.ts'
import { codeOf } from '../support/refusal.ts'
import { refuseToken, startApi, type TestApi } from './support/api.ts'
import { apiClientOf, countGrants, openApiRealm } from './support/realm.ts'

// Calls with a session's own token, on the embedded realm or, with CONFORMANCE_SERVER, on a real Keycloak.

let realm: LoginRealm
let api: TestApi
beforeAll(async () => {
  ;[realm, api] = await Promise.all([openApiRealm(), startApi()])
})
afterAll(() => Promise.all([realm, api].map((server) => server.close())))

let clock: Clock
let grants: URLSearchParams[]
let sessions: SessionEngine
let protect: Protect
let stock: ApiClient
let browser: Browser
beforeEach(async () => {
  clock = new Clock()
  const now = (): number => clock.now()
  const counted = countGrants()
  ;({ grants } = counted)
  // The realm's clock stays behind: the tolerance keeps its ID tokens valid.
  const service = openService(realm, { fetch: counted.fetch, now, clockTolerance: 300 })
  ;({ sessions } = service)
  protect = cloakwright({ verifier: createVerifier({ issuer: realm.issuer, audience: 'app' }), sessions })
  stock = apiClientOf(realm, { origin: api.origin, now })
  browser = service.newBrowser()
  await signIn(browser, 'alice')
  grants.length = 0
  api.received.length = 0
  api.answer = (_, response) => void response.end('ok')
})

/** A request of the signed-in browser, answered by a handler of the service. */
async function visit(handler: Parameters<Protect>[0]): Promise<Response> {
  const cookie = Array.from(browser.cookies('localhost'), (pair) => pair.join('=')).join('; ')
  return await protect(handler)(new Request(`${appUrl}/items`, { headers: { cookie } }))
}

test('100 concurrent calls with a token that has ended make one refresh', async () => {
  clock.forward(310)
  const answers = await Promise.all(
    Array.from({ length: 100 }, () =>
      visit(async (_request, user) => new Response(await stock.withTokenOf(user).token())),
    ),
  )
  const tokens = await Promise.all(answers.map((answer) => answer.text()))
  expect(new Set(tokens).size).toBe(1)
  expect(decodeJwt(tokens[0] as string)).toMatchObject({ preferred_username: 'alice' })
  expect(grants.map((form) => form.get('grant_type'))).toEqual(['refresh_token'])
})

test('a request with the token itself is none of the session, whichever comes first', async () => {
  const text = await (
    await visit(async (_, user) => new Response(await stock.withTokenOf(user).token()))
  ).text()
  const headers = { authorization: `Bearer ${text}` }
  await protect(async (_request, bearer) => {
    await visit(async (_, user) => {
      clock.forward(310)
      expect(await codeOf(() => stock.withTokenOf(bearer).token())).toBe('CW_TOKEN_EXPIRED')
      expect(await stock.withTokenOf(user).token()).not.toBe(text)
      return new Response()
    })
    return new Response()
  })(new Request(`${appUrl}/items`, { headers }))
  expect(grants).toHaveLength(1)
})

test('a handler that runs for long gets the session’s next token', async () => {
  await visit(async (_request, user) => {
    const caller = stock.withTokenOf(user)
    const first = await caller.token()
    clock.forward(310)
    const tokens = await Promise.all(Array.from({ length: 100 }, () => caller.token()))
    expect(new Set(tokens).size).toBe(1)
    expect(tokens).not.toContain(first)
    return new Response()
  })
  expect(grants).toHaveLength(1)
})

test('if the API refuses the token, the session is refreshed once', async () => {
  clock.forward(10)
  await visit(async (_request, user) => {
    const caller = stock.withTokenOf(user)
    const refused = await caller.token()
    api.answer = ({ headers }, response) =>
      headers.authorization === `Bearer ${refused}` ? refuseToken(response) : void response.end('ok')
    const responses = await Promise.all(Array.from({ length: 20 }, () => caller.fetch('/items')))
    expect(responses.every(({ ok }) => ok)).toBe(true)
    return new Response()
  })
  expect(grants).toHaveLength(1)
})

test('after a logout there is no token, also for a handler that still runs', async () => {
  await visit(async (_request, user) => {
    await stock.withTokenOf(user).token()
    await browser.send(`${appUrl}/auth/logout`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
    })
    await expect(stock.withTokenOf(user).fetch('/items')).rejects.toMatchObject({
      code: 'CW_SESSION_ENDED',
      status: 401,
    })
    return new Response()
  })
  expect(api.received).toEqual([])
})

test('a user and a session that are logged show no token', async () => {
  const { inspect } = await import('node:util')
  await visit(async (_request, user) => {
    const token = await stock.withTokenOf(user).token()
    for (const shown of [inspect(user, { depth: 9, showHidden: true }), JSON.stringify(user)])
      expect(shown).not.toContain(token.slice(-20))
    return new Response()
  })
})
