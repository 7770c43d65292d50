import { type CloakwrightError, createVerifier } from 'cloakwright'
import type { ApiClientOptions } from 'cloakwright/clients'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appUrl, type LoginRealm, openService, signIn } from '../session/support/realm.ts'
import { Clock } from '../session/support/setup.ts'
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
    plainClient('narrow', exchanging),
    plainClient('closed', { enabled: false }),
    plainClient('off', { protocolMappers: [audienceMapper('stock')] }),
    plainClient('consenting', {
      ...exchanging,
      consentRequired: true,
      protocolMappers: [audienceMapper('stock')],
    }),
  ])
  const scope = await realm.admin('POST', '/client-scopes', {
    name: 'stock-read',
    protocol: 'openid-connect',
    attributes: { 'include.in.token.scope': 'true' },
    protocolMappers: [audienceMapper('stock')],
  })
  const scopeId = scope.headers.get('location')?.split('/').at(-1)
  await realm.admin('PUT', `/clients/${await idOf('narrow')}/optional-client-scopes/${scopeId}`)
  await addAudience('web', 'narrow')
})
afterAll(() => realm.close())

/** The internal ID of a client. */
async function idOf(clientId: string): Promise<string> {
  const [client] = (await (await realm.admin('GET', `/clients?clientId=${clientId}`)).json()) as {
    id: string
  }[]
  return client?.id ?? ''
}

/** Adds a client to the audience of the tokens of another. */
async function addAudience(clientId: string, audience: string): Promise<void> {
  await realm.admin(
    'POST',
    `/clients/${await idOf(clientId)}/protocol-mappers/models`,
    audienceMapper(audience),
  )
}

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

test('a scope that is optional adds the audience, and nothing else', async () => {
  const { user } = await userOf({ client_id: 'web' })
  const token = await apiClientOf(realm, { clientId: 'narrow', scope: 'stock-read' }).onBehalfOf(user).token()
  const { aud, scope } = decodeJwt(token)
  expect(aud).toBe('stock')
  expect(String(scope).split(' ')).toContain('stock-read')
  const failure = await failureOf(apiClientOf(realm, { clientId: 'narrow' }).onBehalfOf(user).token())
  expect(failure?.message).toMatch(/Requested audience not available: stock”$/)
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
    const clock = new Clock()
    const now = (): number => clock.now()
    // Keycloak's clock stays behind: the tolerance keeps its ID tokens valid.
    const service = openService(realm, { now, clockTolerance: 300, fetch })
    const browser = service.newBrowser()
    await signIn(browser, 'alice')
    const cookie = Array.from(browser.cookies('localhost'), (pair) => pair.join('=')).join('; ')
    const session = await service.sessions.authenticate(new Request(appUrl, { headers: { cookie } }))
    if (session === undefined) throw new Error('not signed in')
    grants.length = 0
    return { browser, session, grants, clock, client: apiClientOf(realm, { now, fetch }) }
  }
  const typesOf = (grants: readonly URLSearchParams[]) =>
    grants.map((form) => (form.get('grant_type') ?? '').replace(/.*:/, ''))

  test('is exchanged, and its exchanged token ends with a logout', async () => {
    const { browser, session, client, grants } = await openSession()
    const caller = client.onBehalfOf(session)
    const token = await caller.token()
    expect(decodeJwt(token)).toMatchObject({ aud: 'stock', sub: session.subject, sid: session.sid })
    expect(await caller.token()).toBe(token)
    expect(typesOf(grants)).toEqual(['token-exchange'])
    await browser.send(`${appUrl}/auth/logout`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
    })
    grants.length = 0
    expect(await failureOf(caller.token())).toMatchObject({ code: 'CW_SESSION_ENDED', status: 401 })
    expect(grants).toEqual([])
    // A copy of the session has its token, but Keycloak has ended the session, and nothing is cached any more.
    expect(await failureOf(client.onBehalfOf({ ...session }).token())).toMatchObject({
      code: 'CW_TOKEN_INACTIVE',
    })
    expect(typesOf(grants)).toEqual(['token-exchange'])
  })

  test('100 concurrent calls with a token that has ended make one refresh and one exchange', async () => {
    const { session, client, grants, clock } = await openSession()
    const first = await client.onBehalfOf(session).token()
    grants.length = 0
    clock.forward(310)
    const tokens = await Promise.all(Array.from({ length: 100 }, () => client.onBehalfOf(session).token()))
    expect(new Set(tokens).size).toBe(1)
    expect(tokens).not.toContain(first)
    expect(typesOf(grants)).toEqual(['refresh_token', 'token-exchange'])
  })

  test('ends at the first exchange after the realm has ended it', async () => {
    const { session, client, clock } = await openSession()
    await realm.admin('DELETE', `/sessions/${session.sid}`)
    clock.forward(10)
    expect(await failureOf(client.onBehalfOf(session).token())).toMatchObject({ code: 'CW_SESSION_ENDED' })
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
    /Create and enable the client nowhere/,
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
    'a disabled audience',
    { audience: 'closed' },
    {},
    /400 invalid_client: “Client disabled”$/,
    /Create and enable the client closed/,
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
    await addAudience('web', mapped)
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
