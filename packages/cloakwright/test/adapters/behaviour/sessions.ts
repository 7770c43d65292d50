import { createVerifier } from 'cloakwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientId, startProvider, type TestProvider } from '../../session/support/provider.ts'
import { host, publicUrl, sessionCookie, setup } from '../../session/support/setup.ts'
import type { Driver, Service } from '../drivers/types.ts'
import { giveAccessTokens } from '../support/access-tokens.ts'
import { type Received, send } from './client.ts'
import { routes } from './routes.ts'

/** The behaviour of every adapter that accepts session cookies. */
export function testSessions(driver: Driver): void {
  let provider: TestProvider
  let service: Service
  let cookie: string

  beforeAll(async () => {
    provider = await startProvider()
    giveAccessTokens(provider)
    const { sessions, signIn } = setup(provider)
    const verifier = createVerifier({ issuer: provider.issuer, audience: clientId })
    service = await driver.start({ guard: { verifier, sessions }, routes })
    cookie = `${sessionCookie}=${(await signIn()).cookies(host).get(sessionCookie) ?? ''}`
  })
  afterAll(async () => {
    await service.close()
    await provider.close()
  })

  const upgrade = (path: string, headers: Record<string, string>): Promise<Received> =>
    send(service, path, {
      fields: Object.entries({ cookie, connection: 'Upgrade', upgrade: 'websocket', ...headers }),
    })

  test('a session is admitted by its cookie', async () => {
    const response = await send(service, '/me', { fields: [['cookie', cookie]] })
    expect([response.status, response.json()]).toEqual([200, { user: 'sub-alice' }])
  })

  describe('a WebSocket handshake with the cookie', () => {
    test.each(['websocket', 'WebSocket', 'h2c, websocket', 'websocket/13'])(
      'from a page of the service is admitted (Upgrade: %s)',
      async (protocol) => {
        const response = await upgrade('/me', { upgrade: protocol, origin: publicUrl })
        expect([response.status, response.json()]).toEqual([200, { user: 'sub-alice' }])
      },
    )

    test.each<[string, Record<string, string>]>([
      ['another website', { origin: 'https://pirate.example', 'sec-fetch-site': 'cross-site' }],
      [
        'another website, with a header that no form can send',
        { origin: 'https://pirate.example', 'x-csrf': '1' },
      ],
      ['a sibling host', { origin: 'https://blog.example.com', 'sec-fetch-site': 'same-site' }],
      ['another port', { origin: `${publicUrl}:8443`, 'sec-fetch-site': 'same-site' }],
      ['plain http', { origin: publicUrl.replace('https', 'http') }],
      ['nowhere', {}],
      ['a list of protocols', { origin: 'https://pirate.example', upgrade: 'h2c, websocket' }],
    ])('from %s is refused with the reason', async (_where, headers) => {
      for (const path of ['/me', '/anyone']) {
        const response = await upgrade(path, headers)
        expect([response.status, response.json()]).toEqual([
          403,
          expect.objectContaining({ code: 'CW_SESSION_ORIGIN' }),
        ])
      }
    })
  })
}
