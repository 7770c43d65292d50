import { type AccessToken, type CloakwrightError, createVerifier } from 'cloakwright'
import { type ApiClient, type ApiClientOptions, createApiClient } from 'cloakwright/clients'
import { fakeAccessToken } from 'cloakwright/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { clientId, clientSecret, startProvider, type TestProvider } from '../session/support/provider.ts'
import { Clock } from '../session/support/setup.ts'
import { issueTokens, userToken } from './support/provider.ts'

// Lifetimes and outages, at a provider that fails on demand; its tokens live 300 seconds.

let provider: TestProvider
beforeAll(async () => {
  provider = await startProvider()
})
beforeEach(() => issueTokens(provider))
afterEach(() => provider.reset())
afterAll(() => provider.close())

function setUp(options: Partial<ApiClientOptions> = {}): { client: ApiClient; clock: Clock } {
  const clock = new Clock()
  clock.stopAt(Math.floor(Date.now() / 1000) * 1000)
  const now = (): number => clock.now()
  provider.now = now
  const origin = 'https://stock.example.com'
  const { issuer } = provider
  const client = createApiClient({
    issuer,
    clientId,
    clientSecret,
    origin,
    audience: 'stock',
    now,
    ...options,
  })
  return { client, clock }
}

async function verify(token: string, now: () => number = Date.now): Promise<AccessToken> {
  return await createVerifier({ issuer: provider.issuer, audience: 'app', now }).verify(token)
}

const failureOf = (call: Promise<unknown>): Promise<CloakwrightError | undefined> =>
  call.then(() => undefined).catch((error: CloakwrightError) => error)

const unavailable = { code: 'CW_PROVIDER_UNAVAILABLE', status: 503, retryAfter: 5 }

describe('a token of the service', () => {
  test('is replaced after 80 % of its life, while calls use the old one', async () => {
    const { client, clock } = setUp()
    const caller = client.asService()
    const start = clock.now()
    const first = await caller.token()
    clock.stopAt(start + 239_000)
    expect(await caller.token()).toBe(first)
    expect(provider.grants).toHaveLength(1)
    clock.stopAt(start + 241_000)
    expect(await Promise.all([caller.token(), caller.token()])).toEqual([first, first])
    await vi.waitFor(async () => expect(await caller.token()).not.toBe(first))
    expect(provider.grants).toHaveLength(2)
  })

  test('with five seconds left is not used without asking', async () => {
    const { client, clock } = setUp()
    const first = await client.asService().token()
    clock.stopAt(clock.now() + 296_000)
    expect(await client.asService().token()).not.toBe(first)
  })

  test('is used to its end while the realm is away, then there is an error', async () => {
    const { client, clock } = setUp()
    const caller = client.asService()
    const start = clock.now()
    const token = await caller.token()
    provider.down = 'all'
    for (const seconds of [241, 280, 297, 299.9]) {
      clock.stopAt(start + seconds * 1000)
      expect(await caller.token()).toBe(token)
    }
    clock.stopAt(start + 300_000)
    expect(await failureOf(caller.token())).toMatchObject(unavailable)
    provider.down = undefined
    clock.stopAt(start + 310_000)
    expect(await caller.token()).not.toBe(token)
  })

  test.each<[string, () => void]>([
    ['discovery is away', () => (provider.down = 'discovery')],
    ['the realm is away', () => (provider.down = 'all')],
    ['the token endpoint responds with 503', () => (provider.onToken = () => ({ status: 503, body: {} }))],
    ['the token endpoint responds with 500', () => (provider.onToken = () => ({ status: 500, body: {} }))],
    [
      'the response is not a token',
      () => (provider.onToken = () => ({ status: 200, body: { canary: 'canary' } })),
    ],
  ])('%s from the start: an error with Retry-After, and a pause', async (_name, fail) => {
    const { client, clock } = setUp()
    fail()
    const failure = await failureOf(client.asService().token())
    expect(failure).toMatchObject(unavailable)
    expect(`${failure?.stack}`).not.toContain('canary')
    issueTokens(provider)
    provider.down = undefined
    const requests = provider.grants.length
    await expect(client.asService().token()).rejects.toBe(failure)
    expect(provider.grants).toHaveLength(requests)
    clock.forward(0)
    clock.stopAt(clock.now() + 5_001)
    await client.asService().token()
  })

  test('a realm that hangs holds one call; the others fail at once', async () => {
    const { client } = setUp({ timeout: 100 })
    let release: () => void = () => {}
    const hung = new Promise<void>((resolve) => (release = resolve))
    provider.onToken = async (answer) => {
      await hung
      return answer
    }
    const user = await verify(await userToken(provider))
    expect(await failureOf(client.asService().token())).toMatchObject(unavailable)
    for (let call = 0; call < 20; call += 1)
      for (const caller of [client.asService(), client.onBehalfOf(user)])
        expect(await failureOf(caller.token())).toMatchObject(unavailable)
    expect(provider.grants).toHaveLength(1)
    release()
  })

  test.each(['DPoP', 'N_A'])('of the type %s is refused', async (token_type) => {
    const { client } = setUp()
    provider.onToken = () => ({ status: 200, body: { access_token: 'x', token_type, expires_in: 300 } })
    // openid-client accepts only types that it knows.
    expect((await failureOf(client.asService().token()))?.status).toBeGreaterThanOrEqual(500)
  })

  test('that is opaque is used for its lifetime', async () => {
    const { client } = setUp()
    provider.onToken = () => ({
      status: 200,
      body: { access_token: 'opaque', token_type: 'bearer', expires_in: 300 },
    })
    expect(await client.asService().token()).toBe('opaque')
  })
})

describe('a token for a user', () => {
  test('is requested with the user’s token, for the audience and the scope', async () => {
    const { client } = setUp({ scope: 'read write' })
    const token = await userToken(provider)
    await client.onBehalfOf(await verify(token)).token()
    expect(Object.fromEntries(provider.grants[0]?.form ?? [])).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: 'stock',
      scope: 'read write',
    })
  })

  test('is cached for this token of the user only', async () => {
    const { client } = setUp()
    const users = await Promise.all(
      ['alice', 'robert', 'alice'].map(async (sub) => await verify(await userToken(provider, { sub }))),
    )
    const tokens = await Promise.all([...users, ...users].map((user) => client.onBehalfOf(user).token()))
    expect([new Set(tokens).size, provider.grants.length]).toEqual([3, 3])
    expect(tokens.slice(0, 3)).toEqual(tokens.slice(3))
  })

  test('that ends before the user’s token is replaced early', async () => {
    const { client, clock } = setUp()
    const start = clock.now()
    const user = await verify(await userToken(provider, { exp: start / 1000 + 3000 }), () => clock.now())
    const first = await client.onBehalfOf(user).token()
    clock.stopAt(start + 241_000)
    expect(await client.onBehalfOf(user).token()).toBe(first)
    await vi.waitFor(async () => expect(await client.onBehalfOf(user).token()).not.toBe(first))
  })

  test('ends with the user’s token', async () => {
    const { client, clock } = setUp()
    const start = clock.now()
    const user = await verify(await userToken(provider, { exp: start / 1000 + 100 }), () => clock.now())
    const token = await client.onBehalfOf(user).token()
    clock.stopAt(start + 99_000)
    expect(await client.onBehalfOf(user).token()).toBe(token)
    expect(provider.grants).toHaveLength(1)
    clock.stopAt(start + 100_000)
    expect(await failureOf(client.onBehalfOf(user).token())).toMatchObject({
      code: 'CW_TOKEN_EXPIRED',
      status: 401,
    })
  })
})

describe('the user’s own token', () => {
  test('is passed on if it is for the API', async () => {
    const { client } = setUp()
    const token = await userToken(provider, { aud: ['app', 'stock'] })
    expect(await client.withTokenOf(await verify(token)).token()).toBe(token)
    expect(provider.grants).toEqual([])
  })

  test('is not passed on if it is for others', async () => {
    const { client } = setUp()
    const user = await verify(await userToken(provider))
    const failure = await failureOf(client.withTokenOf(user).token())
    expect(failure).toMatchObject({
      code: 'CW_GRANT_REFUSED',
      message: 'The user’s token lacks the audience stock',
    })
    expect(failure?.hint).toMatch(/^Use onBehalfOf\(user\)/)
  })
})

describe('a token that is bound to a key of its client', () => {
  const bindings = { DPoP: { jkt: 'x'.repeat(43) }, certificate: { 'x5t#S256': 'x'.repeat(43) } }

  /** A user whose proof a verifier has checked. */
  function bound(kind: keyof typeof bindings, cnf = bindings[kind]): AccessToken {
    return fakeAccessToken({ iss: provider.issuer, aud: ['app', 'stock'], cnf })
  }

  test.each(['DPoP', 'certificate'] as const)('by %s is not passed on', async (kind) => {
    const { client } = setUp()
    expect(await failureOf(client.withTokenOf(bound(kind)).token())).toMatchObject({ code: 'CW_TOKEN_BOUND' })
  })

  test('by DPoP is not exchanged', async () => {
    const { client } = setUp()
    expect(await failureOf(client.onBehalfOf(bound('DPoP')).token())).toMatchObject({
      code: 'CW_TOKEN_BOUND',
    })
    expect(provider.grants).toEqual([])
  })
})

describe('refuses', () => {
  const own = 'https://id.example.com/realms/other'
  test.each<[string, () => unknown, string, RegExp]>([
    ['no user', () => undefined, 'CW_CONFIG_MISSING', /there is no user/],
    ['null', () => null, 'CW_CONFIG_MISSING', /there is no user/],
    ['a string', () => 'eyJhbGciOi.canary', 'CW_CONFIG_INVALID', /not a user/],
    ['a request', () => new Request('https://app.example.com'), 'CW_CONFIG_INVALID', /not a user/],
    [
      'a copy of a user',
      async () => ({ ...(await verify(await userToken(provider))) }),
      'CW_CONFIG_INVALID',
      /not a user/,
    ],
    [
      'a fake token',
      () => fakeAccessToken({ iss: provider.issuer }),
      'CW_CONFIG_INVALID',
      /no encoded token/,
    ],
    ['a user of another realm', () => fakeAccessToken({ iss: own }), 'CW_CONFIG_INVALID', /another realm/],
  ])('%s', async (_name, user, code, message) => {
    const { client } = setUp()
    const given = (await user()) as AccessToken
    for (const caller of [client.onBehalfOf(given), client.withTokenOf(given)]) {
      const failure = await failureOf(caller.token())
      expect(failure).toMatchObject({ code, message: expect.stringMatching(message) as unknown })
      expect(failure?.message).not.toContain('canary')
    }
    expect(provider.grants).toEqual([])
  })
})
