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

  const script = [
    ['sec-fetch-site', 'same-origin'],
    ['x-csrf', '1'],
  ] as const

  test('a user sees where the account is signed in, and ends one session or all others', async () => {
    const user = 'lister'
    const [mine, one, two] = [await world.signIn(user), await world.signIn(user), await world.signIn(user)]
    // Whoever can send these headers is no proxy that the framework trusts.
    const forged = [
      ['x-forwarded-for', '192.0.2.9'],
      ['x-real-ip', '192.0.2.9'],
    ] as const
    const list = async (): Promise<readonly { id: string; current: boolean; address?: string }[]> => {
      const response = await world.send('/auth/sessions', { fields: [['cookie', mine], ...forged] })
      return (response.json() as { sessions: { id: string; current: boolean }[] }).sessions
    }
    const listed = await list()
    expect(listed.map(({ current }) => current)).toEqual([true, false, false])
    const address = driver.knowsConnection ? '127.0.0.1' : undefined
    expect(listed.map((session) => session.address)).toEqual([address, address, address])
    const end = async (path: string, fields: readonly (readonly [string, string])[]) =>
      await world.send(path, { method: 'DELETE', fields: [['cookie', mine], ...fields] })
    expect((await end(`/auth/sessions/${listed[1]?.id}`, [])).status).toBe(403)
    const ended = await end(`/auth/sessions/${listed[1]?.id}`, script)
    expect([ended.status, ended.text]).toEqual([204, ''])
    expect(await list()).toHaveLength(2)
    expect((await end('/auth/sessions', script)).json()).toEqual({ ended: 1 })
    const statuses = [mine, one, two].map(async (cookie) => {
      const { status } = await world.send('/me', { fields: [['cookie', cookie]] })
      return status
    })
    expect(await Promise.all(statuses)).toEqual([200, 401, 401])
    expect((await end('/auth/sessions/unknown', script)).json()).toMatchObject({
      code: 'CW_SESSION_NOT_FOUND',
    })
    expect((await end('/auth/sessions/un/known', script)).status).toBe(404)
  })

  test('a handler reads and changes the data of the session', async () => {
    const fields = [['cookie', await world.signIn('data')] as const]
    const visits = async (): Promise<unknown> => (await world.send('/data', { fields })).json()
    expect([await visits(), await visits()]).toEqual([{ data: { visits: 1 } }, { data: { visits: 2 } }])
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
