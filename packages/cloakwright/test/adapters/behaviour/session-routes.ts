import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { clientId } from '../../session/support/provider.ts'
import type { Driver } from '../drivers/types.ts'
import { form, send } from './client.ts'
import { useSessions } from './session-world.ts'

/** The sessions' routes of every adapter, whatever reads the bodies of requests. */
export function testSessionRoutes(driver: Driver): void {
  const world = useSessions(driver)

  const logoutToken = (user: string): Promise<string> => {
    const iat = Math.floor(Date.now() / 1000)
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
    const claims = { iss: world.provider.issuer, aud: clientId, iat, exp: iat + 60, jti: randomUUID() }
    return world.provider.sign(
      { ...claims, sid: `sid-${user}`, events, typ: 'Logout' },
      { typ: 'logout+jwt' },
    )
  }

  test.each(driver.bodyReaders)('the realm ends a session, with %s before the routes', async (bodyReader) => {
    // Each time another session of the realm: one that has ended stays so.
    const user = `user-${driver.bodyReaders.indexOf(bodyReader)}`
    const service = await world.start({ bodyReader })
    const logout = (body: string) =>
      send(service, '/auth/backchannel-logout', { method: 'POST', fields: [form], body })
    const fields = [['cookie', await world.signIn(user)] as const]
    expect((await send(service, '/me', { fields })).status).toBe(200)
    const token = await logoutToken(user)
    expect((await logout(`logout_token=${token}&logout_token=${token}`)).status).toBe(400)
    expect((await logout(`logout_token=${'x'.repeat(70_000)}`)).status).toBeOneOf([400, 413])
    expect((await send(service, '/me', { fields })).status).toBe(200)
    const response = await logout(new URLSearchParams({ a: 'b', logout_token: token }).toString())
    expect([response.status, response.headers['cache-control']]).toEqual([200, 'no-store'])
    expect((await send(service, '/me', { fields })).status).toBe(401)
  })

  // A runtime of web requests refuses these itself.
  test.runIf(driver.knowsConnection)('a request that no web request can be is no failure', async () => {
    const service = await world.start({})
    const host = [['host', 'alice@localhost']] as const
    const [login, trace] = await Promise.all([
      send(service, '/auth/login', { fields: host }),
      send(service, '/auth/logout', { method: 'TRACE' }),
    ])
    expect(login.status).toBeLessThan(500)
    expect(trace.status).toBeOneOf([404, 405])
  })
}
