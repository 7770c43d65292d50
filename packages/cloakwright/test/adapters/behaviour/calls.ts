import type { AccessToken } from 'cloakwright'
import { type ApiClient, createApiClient } from 'cloakwright/clients'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApi, type TestApi } from '../../clients/support/api.ts'
import { issueTokens, userToken } from '../../clients/support/provider.ts'
import { clientId, clientSecret } from '../../session/support/provider.ts'
import type { Driver, Service } from '../drivers/types.ts'
import { form, send } from './client.ts'
import { useSessions } from './session-world.ts'

/** Calls of another API for the user of a request, the same in every adapter. */
export function testCalls(driver: Driver): void {
  const world = useSessions(driver)
  let api: TestApi
  let stock: ApiClient
  let service: Service
  let caller: AccessToken | undefined
  beforeAll(async () => {
    const { issuer } = world.provider
    api = await startApi()
    api.answer = (_, response) => void response.end('{"items":["tea"]}')
    const now = (): number => world.clock.now()
    stock = createApiClient({ issuer, clientId, clientSecret, origin: api.origin, audience: 'stock', now })
    service = await world.start({
      routes: [
        { path: '/me', guard: (is) => is.requireUser(), handler: 'user' },
        {
          path: '/items',
          guard: (is) => is.requireUser(),
          handler: 'call',
          async call(user) {
            caller = user
            const response = await stock.onBehalfOf(user).fetch('/items')
            return (await response.json()) as object
          },
        },
      ],
    })
  })
  afterAll(() => api.close())

  /** The users' tokens that were exchanged. */
  const exchanged = (): (string | null)[] =>
    world.provider.grants
      .map(({ form: fields }) => fields.get('subject_token'))
      .filter((token) => token !== null)

  test('a session: with a token by exchange, until the user signs out', async () => {
    const cookie = await world.signIn('alice')
    issueTokens(world.provider)
    const fields = [['cookie', cookie]] as const
    for (let call = 0; call < 3; call += 1) {
      const response = await send(service, '/items', { fields })
      expect([response.status, JSON.parse(response.text)]).toEqual([200, { items: ['tea'] }])
    }
    expect(exchanged()).toHaveLength(1)
    const user = caller as AccessToken
    expect(api.received.at(-1)?.headers.authorization).toBe(`Bearer ${await stock.onBehalfOf(user).token()}`)

    const logout = [...fields, ['sec-fetch-site', 'same-origin'], form] as const
    expect((await world.send('/auth/logout', { method: 'POST', fields: logout, body: '' })).status).toBe(303)
    // A handler that still runs has the user, but no token any more.
    for (const by of [stock.onBehalfOf(user), stock.withTokenOf(user)])
      await expect(by.token()).rejects.toMatchObject({ code: 'CW_SESSION_ENDED' })
    expect(exchanged()).toHaveLength(1)
  })

  test('a bearer token: with a token by exchange', async () => {
    issueTokens(world.provider)
    const token = await userToken(world.provider, { aud: clientId, sub: 'sub-bob', sid: 'sid-bob' })
    const response = await send(service, '/items', { fields: [['authorization', `Bearer ${token}`]] })
    expect([response.status, JSON.parse(response.text)]).toEqual([200, { items: ['tea'] }])
    expect(exchanged()).toEqual([token])
  })
}
