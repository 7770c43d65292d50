import { createVerifier } from 'cloakwright'
import { type ApiClient, type ApiClientOptions, createApiClient } from 'cloakwright/clients'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { clientId, clientSecret, startProvider, type TestProvider } from '../session/support/provider.ts'
import { refuseToken, startApi, type TestApi } from './support/api.ts'
import { issueTokens, userToken } from './support/provider.ts'

let provider: TestProvider
let api: TestApi
let other: TestApi
beforeAll(async () => {
  provider = await startProvider()
  ;[api, other] = await Promise.all([startApi(), startApi()])
})
beforeEach(() => issueTokens(provider))
afterEach(() => {
  provider.reset()
  for (const one of [api, other]) {
    one.received.length = 0
    one.answer = (_, response) => void response.end('ok')
  }
})
afterAll(() => Promise.all([provider, api, other].map((server) => server.close())))

function newClient(options: Partial<ApiClientOptions> = {}): ApiClient {
  const { issuer } = provider
  return createApiClient({
    issuer,
    clientId,
    clientSecret,
    origin: api.origin,
    audience: 'stock',
    ...options,
  })
}

test('sends method, headers and body with the token', async () => {
  const caller = newClient().asService()
  const headers = { 'content-type': 'application/json', 'x-trace': '1' }
  const response = await caller.fetch('/items?of=tea', { method: 'POST', headers, body: '{"n":1}' })
  expect([response.status, await response.text()]).toEqual([200, 'ok'])
  const [received] = api.received
  expect(received).toMatchObject({ method: 'POST', path: '/items?of=tea', body: '{"n":1}' })
  expect(received?.headers).toMatchObject({ ...headers, authorization: `Bearer ${await caller.token()}` })
})

test.each(['/items', 'items', './items', () => new URL('/items', api.origin), () => `${api.origin}/items`])(
  'a path or URL of the origin: %s',
  async (url) => {
    await newClient()
      .asService()
      .fetch(typeof url === 'string' ? url : url())
    expect(api.received.map(({ path }) => path)).toEqual(['/items'])
  },
)

describe('sends nothing to another origin', () => {
  test.each<[string, () => unknown, RegExp]>([
    ['a URL', () => `${other.origin}/items`, /is another origin/],
    ['a URL object', () => new URL(other.origin), /is another origin/],
    ['the same host with another port', () => api.origin.replace(/\d+$/, '1'), /is another origin/],
    ['the same host with another scheme', () => api.origin.replace('http:', 'https:'), /is another origin/],
    ['two slashes', () => other.origin.slice('http:'.length), /is another origin/],
    ['a slash and a backslash', () => other.origin.replace('http://', '/\\'), /is another origin/],
    ['a tab between slashes', () => other.origin.replace('http://', '/\t/'), /is another origin/],
    [
      'credentials of the origin’s host',
      () => api.origin.replace('//', '//user:pw@'),
      /contains credentials/,
    ],
    [
      'the origin as a user name',
      () => api.origin.replace(/$/, '@other.example/'),
      /not a path|another origin/,
    ],
    ['a blob of the same origin', () => `blob:${api.origin}/x`, /not a path/],
    ['a data URL', () => 'data:text/plain,x', /is another origin/],
    ['a file', () => 'file:///etc/passwd', /is another origin/],
    ['a Request', () => new Request(api.origin), /not a path or a URL/],
    ['nothing', () => undefined, /not a path or a URL/],
  ])('%s', async (_name, url, message) => {
    await expect(
      newClient()
        .asService()
        .fetch(url() as string),
    ).rejects.toMatchObject({
      code: 'CW_CONFIG_INVALID',
      message: expect.stringMatching(message) as unknown,
    })
    expect([api.received, other.received, provider.grants]).toEqual([[], [], []])
  })

  test.each([301, 302, 303, 307, 308])('a redirect %i is returned', async (status) => {
    api.answer = (_, response) => void response.writeHead(status, { location: `${other.origin}/x` }).end()
    const response = await newClient().asService().fetch('/items', { method: 'POST', body: 'secret' })
    expect([response.status, response.headers.get('location')]).toEqual([status, `${other.origin}/x`])
    expect([api.received.length, other.received.length]).toEqual([1, 0])
  })
})

test.each<[string, object, RegExp]>([
  ['an Authorization header', { headers: { Authorization: 'Bearer x' } }, /Authorization header/],
  ['redirects to follow', { redirect: 'follow' }, /redirect/],
])('refuses %s', async (_name, request, message) => {
  await expect(newClient().asService().fetch('/items', request)).rejects.toMatchObject({
    code: 'CW_CONFIG_INVALID',
    message: expect.stringMatching(message) as unknown,
  })
  expect(api.received).toEqual([])
})

describe('if the API refuses the token', () => {
  const authorizations = (): (string | undefined)[] =>
    api.received.map(({ headers }) => headers.authorization)

  test('the call is repeated once with a new token and the same body', async () => {
    const caller = newClient().asService()
    const old = await caller.token()
    api.answer = ({ headers }, response) =>
      headers.authorization === `Bearer ${old}` ? refuseToken(response) : void response.end('ok')
    const response = await caller.fetch('/items', { method: 'PUT', body: new URLSearchParams({ n: '1' }) })
    expect(response.status).toBe(200)
    expect(authorizations()).toEqual([`Bearer ${old}`, `Bearer ${await caller.token()}`])
    expect(api.received.map(({ method, body }) => [method, body])).toEqual([
      ['PUT', 'n=1'],
      ['PUT', 'n=1'],
    ])
  })

  test('a call for a user is repeated with a new token by exchange', async () => {
    const verifier = createVerifier({ issuer: provider.issuer, audience: 'app' })
    const caller = newClient().onBehalfOf(await verifier.verify(await userToken(provider)))
    const old = await caller.token()
    api.answer = ({ headers }, response) =>
      headers.authorization === `Bearer ${old}` ? refuseToken(response) : void response.end('ok')
    expect((await caller.fetch('/items')).status).toBe(200)
    expect(provider.grants).toHaveLength(2)
  })

  test('100 concurrent calls request one new token', async () => {
    const caller = newClient().asService()
    const old = await caller.token()
    api.answer = ({ headers }, response) =>
      headers.authorization === `Bearer ${old}` ? refuseToken(response) : void response.end('ok')
    const responses = await Promise.all(Array.from({ length: 100 }, () => caller.fetch('/items')))
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]))
    expect(provider.grants).toHaveLength(2)
  })

  test('an API that refuses every token gets two, and the realm no request for each call', async () => {
    api.answer = (_, response) => refuseToken(response)
    const caller = newClient().asService()
    for (let call = 0; call < 10; call += 1) expect((await caller.fetch('/items')).status).toBe(401)
    expect(provider.grants).toHaveLength(2)
  })

  test('a stream is not sent twice', async () => {
    api.answer = (_, response) => refuseToken(response)
    const body = new Blob(['streamed']).stream()
    const request = { method: 'POST', body, duplex: 'half' } as object
    const response = await newClient().asService().fetch('/items', request)
    expect([response.status, api.received.length]).toEqual([401, 1])
  })

  test('its response is returned if there is no new token', async () => {
    const caller = newClient().asService()
    await caller.token()
    provider.down = 'all'
    api.answer = (_, response) => refuseToken(response)
    const response = await caller.fetch('/items')
    expect([response.status, await response.text()]).toEqual([401, 'refused'])
  })

  test.each<[string, number, string | undefined]>([
    ['a missing scope', 403, 'Bearer error="insufficient_scope"'],
    ['a 401 for another reason', 401, 'Bearer error="insufficient_user_authentication"'],
    ['a 401 without a challenge', 401, undefined],
  ])('%s is returned', async (_name, status, challenge) => {
    api.answer = (_, response) =>
      void response.writeHead(status, challenge === undefined ? {} : { 'www-authenticate': challenge }).end()
    expect((await newClient().asService().fetch('/items')).status).toBe(status)
    expect([api.received.length, provider.grants.length]).toEqual([1, 1])
  })
})

test('a failure of the API itself is the error of fetch', async () => {
  const broken = newClient({ origin: 'http://127.0.0.1:1' })
  await expect(broken.asService().fetch('/items')).rejects.toBeInstanceOf(TypeError)
})
