import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AdminTarget, openAdmin, passwordToken } from '../support.ts'

const forbidden = { status: 403, text: '{"error":"HTTP 403 Forbidden"}' }
const unauthorized = { status: 401, text: '{"error":"HTTP 401 Unauthorized"}' }

describe('an administrator with few roles', () => {
  let target: AdminTarget
  let management: string
  const roles = new Map<string, { id: string; name: string }>()

  beforeAll(async () => {
    target = await openAdmin()
    const [client] = await target.admin.clients.find({ clientId: 'realm-management' })
    management = client?.id ?? ''
    for (const { id = '', name = '' } of await target.admin.clients.listRoles({ id: management })) {
      roles.set(name, { id, name })
    }
  })
  afterAll(() => target.close())

  async function holder(role: string, name = role): Promise<{ id: string; token: string }> {
    const { admin, server } = target
    const username = `holder-of-${name}`
    const user = { username, email: `${username}@x.io`, firstName: 'H', lastName: 'O', enabled: true }
    const { id } = await admin.users.create({ ...user, credentials: [{ type: 'password', value: 'p' }] })
    await admin.users.addClientRoleMappings({
      id,
      clientUniqueId: management,
      roles: [roles.get(role) ?? { id: '', name: '' }],
    })
    return {
      id,
      token: await passwordToken(server, 'demo', { client_id: 'admin-cli', username, password: 'p' }),
    }
  }

  it('gain and lose a role of a composite with the next request', async () => {
    const { token } = await holder('query-groups')
    const composite = `/demo/roles-by-id/${roles.get('query-groups')?.id}/composites`
    const read = () => target.send('GET', '/demo/events/config', undefined, { token })
    expect(await read()).toMatchObject({ status: 403 })
    expect(await target.send('POST', composite, [roles.get('view-events')])).toMatchObject({ status: 204 })
    expect(await read()).toMatchObject({ status: 200 })
    expect(await target.send('DELETE', composite, [roles.get('view-events')])).toMatchObject({ status: 204 })
    expect(await read()).toMatchObject({ status: 403 })
  })

  it('cannot grant more than their own roles', async () => {
    const { id, token } = await holder('manage-users')
    const give = (name: string) =>
      target.send('POST', `/demo/users/${id}/role-mappings/clients/${management}`, [roles.get(name)], {
        token,
      })
    for (const name of ['realm-admin', 'manage-realm', 'manage-clients', 'impersonation']) {
      expect(await give(name)).toMatchObject(forbidden)
    }
    for (const name of ['view-users', 'query-clients'])
      expect(await give(name)).toMatchObject({ status: 204 })
  })

  it('cannot gain roles through a group or a composite role', async () => {
    const { token } = await holder('manage-realm')
    const admin = roles.get('realm-admin')
    await target.send('POST', '/demo/roles', { name: 'innocent' })
    expect(await target.send('POST', '/demo/roles/innocent/composites', [admin], { token })).toMatchObject(
      forbidden,
    )
    await target.send('POST', '/demo/roles/innocent/composites', [admin])
    const innocent: unknown = JSON.parse((await target.send('GET', '/demo/roles/innocent')).text)
    const group = await target.admin.groups.create({ name: 'innocent' })
    const users = await holder('manage-users', 'manage-users-too')
    for (const path of [`/groups/${group.id}`, `/users/${users.id}`]) {
      const mappings = `/demo${path}/role-mappings/realm`
      const asHolder = { token: users.token }
      expect(await target.send('POST', mappings, [innocent], asHolder)).toMatchObject(forbidden)
      expect((await target.send('GET', `${mappings}/available`, undefined, asHolder)).text).not.toContain(
        'innocent',
      )
    }
  })

  it('cannot access another realm', async () => {
    const { token } = await holder('realm-admin')
    expect(await target.send('GET', '/demo/users?max=1', undefined, { token })).toMatchObject({ status: 200 })
    expect(await target.send('GET', '/master', undefined, { token })).toMatchObject(forbidden)
    expect(await target.send('GET', '/master/users', undefined, { token })).toMatchObject(forbidden)
    expect(await target.send('POST', '', { realm: 'mine' }, { token })).toMatchObject(forbidden)
    const list = await target.send('GET', '', undefined, { token })
    expect((JSON.parse(list.text) as { realm: string }[]).map(({ realm }) => realm)).toEqual(['demo'])
  })

  it('loses access with the role, session or account, before the token expires', async () => {
    const { id, token } = await holder('view-clients')
    const list = () => target.send('GET', '/demo/clients?max=1', undefined, { token })
    expect(await list()).toMatchObject({ status: 200 })
    const path = `/demo/users/${id}/role-mappings/clients/${management}`
    await target.send('DELETE', path, [roles.get('view-clients')])
    expect(await list()).toMatchObject(forbidden)
    await target.send('POST', `/demo/users/${id}/logout`)
    expect(await list()).toMatchObject(unauthorized)
  })

  it.each([
    ['no token', ''],
    ['garbage', 'garbage'],
    ['a JSON null as payload', 'e30.bnVsbA.e30'],
    ['an unsigned token', `${btoa('{"alg":"none"}')}.${btoa('{"iss":"http://localhost/realms/master"}')}.`],
  ])('gets 401 with %s', async (_, token) => {
    expect(await target.send('GET', '/demo', undefined, { token })).toMatchObject(unauthorized)
  })
})
