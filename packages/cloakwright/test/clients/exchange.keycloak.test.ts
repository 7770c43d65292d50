import { type CloakwrightError, createVerifier } from 'cloakwright'
import type { ApiClientOptions } from 'cloakwright/clients'
import type { Session } from 'cloakwright/session'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appUrl, type LoginRealm, openService, signIn } from '../session/support/realm.ts'
import {
  apiClientOf,
  appClient,
  audienceMapper,
  countGrants,
  openApiRealm,
  plainClient,
  tokenOf,
} from './support/realm.ts'

// Standard token exchange of Keycloak 26.7: the embedded realm has none yet.

let realm: LoginRealm
beforeAll(async () => {
  const exchanging = { serviceAccountsEnabled: true, attributes: appClient.attributes }
  realm = await openApiRealm([
    {
      clientId: 'web',
      publicClient: true,
      directAccessGrantsEnabled: true,
      protocolMappers: [audienceMapper('app')],
    },
    {
      clientId: 'stranger',
      publicClient: true,
      directAccessGrantsEnabled: true,
      protocolMappers: [audienceMapper('web')],
    },
    plainClient('unmapped', exchanging),
    plainClient('off', { protocolMappers: [audienceMapper('stock')] }),
    plainClient('consenting', {
      ...exchanging,
      consentRequired: true,
      protocolMappers: [audienceMapper('stock')],
    }),
  ])
})
afterAll(() => realm.close())

async function userOf(form: Record<string, string> = {}, audience = 'app') {
  const { access_token, refresh_token } = await tokenOf(realm, form)
  const user = await createVerifier({ issuer: realm.issuer, audience }).verify(access_token)
  return { user, access_token, refresh_token }
}

const failureOf = (call: Promise<unknown>): Promise<CloakwrightError | undefined> =>
  call.then(() => undefined).catch((error: CloakwrightError) => error)

test('a bearer token of another client is exchanged for one with the API’s audience only', async () => {
  const { user } = await userOf({ client_id: 'web' })
  const token = decodeJwt(await apiClientOf(realm).onBehalfOf(user).token())
  expect(token).toMatchObject({ aud: 'stock', azp: 'app', sub: user.subject, sid: user.sid })
})

test('100 concurrent calls for one user make one exchange; each user has an own token', async () => {
  const { grants, fetch } = countGrants()
  const client = apiClientOf(realm, { fetch })
  const { user } = await userOf()
  const tokens = await Promise.all(Array.from({ length: 100 }, () => client.onBehalfOf(user).token()))
  expect([new Set(tokens).size, grants.length]).toEqual([1, 1])
  const { user: robert } = await userOf({ username: 'robert', password: 'robert' })
  const other = decodeJwt(await client.onBehalfOf(robert).token())
  expect([other.sub, grants.length]).toEqual([robert.subject, 2])
})

describe('a browser session', () => {
  async function openSession() {
    const { grants, fetch } = countGrants()
    const service = openService(realm)
    const browser = service.newBrowser()
    const { session: shown } = (await (await signIn(browser, 'alice')).json()) as { session: Session }
    const cookie = Array.from(browser.cookies('localhost'), (pair) => pair.join('=')).join('; ')
    const session = await service.sessions.authenticate(new Request(appUrl, { headers: { cookie } }))
    if (session === undefined) throw new Error('not signed in')
    expect(session.key).toBe(shown.key)
    return { browser, session, grants, client: apiClientOf(realm, { fetch }) }
  }

  test('is exchanged, and its exchanged token ends with a logout', async () => {
    const { browser, session, client, grants } = await openSession()
    const caller = client.onBehalfOf(session)
    const token = await caller.token()
    expect(decodeJwt(token)).toMatchObject({ aud: 'stock', sub: session.subject, sid: session.sid })
    expect(await caller.token()).toBe(token)
    expect(grants).toHaveLength(1)
    await browser.send(`${appUrl}/auth/logout`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
    })
    expect(await failureOf(caller.token())).toMatchObject({ code: 'CW_SESSION_ENDED', status: 401 })
    // A copy of the session has its token, but Keycloak has ended the session.
    expect(await failureOf(client.onBehalfOf({ ...session }).token())).toMatchObject({
      code: 'CW_TOKEN_INACTIVE',
    })
    expect(grants).toHaveLength(2)
  })
})

test('a user who signed out at the realm gets no token', async () => {
  const { user, refresh_token } = await userOf({ client_id: 'web' })
  await fetch(`${realm.issuer}/protocol/openid-connect/logout`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: 'web', refresh_token }),
  })
  expect(await failureOf(apiClientOf(realm).onBehalfOf(user).token())).toMatchObject({
    code: 'CW_TOKEN_INACTIVE',
    status: 401,
  })
})

test.each<[string, Partial<ApiClientOptions>, Record<string, string>, RegExp, RegExp]>([
  [
    'exchange is off',
    { clientId: 'off' },
    {},
    /400 invalid_request: “Standard token exchange is not enabled for the requested client”$/,
    /Standard Token Exchange on/,
  ],
  [
    'no such audience',
    { audience: 'nowhere' },
    {},
    /400 invalid_client: “Audience not found”$/,
    /Create the client nowhere/,
  ],
  [
    'no mapper of the audience',
    { clientId: 'unmapped' },
    { mapped: 'unmapped' },
    /400 invalid_request: “Requested audience not available: stock”$/,
    /Audience mapper with the client stock to a scope of the client unmapped/,
  ],
  [
    'an unknown scope',
    { scope: 'flying' },
    {},
    /400 invalid_scope: “Invalid scopes: flying”$/,
    /Add the scope/,
  ],
  [
    'a user’s token for others',
    {},
    { client_id: 'stranger' },
    /403 access_denied: “Client is not within the token audience”$/,
    /Audience mapper with the client app/,
  ],
  [
    'no consent',
    { clientId: 'consenting' },
    { mapped: 'consenting' },
    /400 invalid_scope: “Missing consents for Token Exchange in client consenting”$/,
    /must consent to the client consenting/,
  ],
  [
    'a wrong secret',
    { clientSecret: 'canary-secret' },
    {},
    /401 unauthorized_client/,
    /Compare ID, secret or key/,
  ],
  ['no such client', { clientId: 'nobody' }, {}, /401 invalid_client/, /The client must be enabled/],
])('%s', async (_name, options, { mapped, ...form }, message, hint) => {
  if (mapped !== undefined) {
    const [web] = (await (await realm.admin('GET', '/clients?clientId=web')).json()) as { id: string }[]
    await realm.admin('POST', `/clients/${web?.id}/protocol-mappers/models`, audienceMapper(mapped))
    form['client_id'] = 'web'
  }
  const { user, access_token } = await userOf(form, form['client_id'] === 'stranger' ? 'web' : 'app')
  const failure = await failureOf(apiClientOf(realm, options).onBehalfOf(user).token())
  expect(failure).toMatchObject({ code: 'CW_GRANT_REFUSED', status: 500 })
  expect(failure?.message).toMatch(message)
  expect(failure?.hint).toMatch(hint)
  const text = `${failure?.stack} ${failure?.hint} ${JSON.stringify(failure)}`
  expect(text).not.toContain(access_token.slice(-20))
  expect(text).not.toContain('canary')
})
