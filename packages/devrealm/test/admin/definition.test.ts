import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AdminTarget, claimsOf, openAdmin, passwordToken } from './support.ts'

describe('a realm defined through the official client', () => {
  let target: AdminTarget

  beforeAll(async () => {
    target = await openAdmin()
  })
  afterAll(() => target.close())

  it('issues tokens with the defined audience, roles and groups', async () => {
    const { admin, server } = target
    for (const name of ['admin', 'user', 'editor']) await admin.roles.create({ name })
    const client = await admin.clients.create({
      clientId: 'app',
      secret: 'app-secret',
      directAccessGrantsEnabled: true,
      redirectUris: ['http://localhost:8000/*'],
      protocolMappers: [
        {
          name: 'audience',
          protocol: 'openid-connect',
          protocolMapper: 'oidc-audience-mapper',
          config: { 'included.client.audience': 'app', 'access.token.claim': 'true' },
        },
      ],
    })
    await admin.clients.createRole({ id: client.id, name: 'writer' })
    const group = await admin.groups.create({ name: 'staff' })
    const editor = await admin.roles.findOneByName({ name: 'editor' })
    await admin.groups.addRealmRoleMappings({
      id: group.id,
      roles: [{ id: editor?.id ?? '', name: 'editor' }],
    })
    const user = await admin.users.create({
      username: 'Alice',
      email: 'Alice@Example.com',
      firstName: 'Alice',
      lastName: 'Doe',
      enabled: true,
      credentials: [{ type: 'password', value: 'alice', temporary: false }],
      groups: ['/staff'],
      realmRoles: ['admin'],
    })
    const role = await admin.roles.findOneByName({ name: 'user' })
    const writer = await admin.clients.findRole({ id: client.id, roleName: 'writer' })
    await admin.users.addRealmRoleMappings({ id: user.id, roles: [{ id: role?.id ?? '', name: 'user' }] })
    await admin.users.addClientRoleMappings({
      id: user.id,
      clientUniqueId: client.id,
      roles: [{ id: writer?.id ?? '', name: 'writer' }],
    })

    const token = await passwordToken(server, 'demo', {
      client_id: 'app',
      client_secret: 'app-secret',
      username: 'alice',
      password: 'alice',
    })
    const claims = claimsOf(token)
    expect([claims.aud].flat()).toContain('app')
    const { roles } = claims.realm_access as { roles: string[] }
    expect(roles).toEqual(expect.arrayContaining(['user', 'editor', 'offline_access']))
    // Keycloak ignores realm roles of a new user.
    expect(roles).not.toContain('admin')
    expect(claims.resource_access).toMatchObject({ app: { roles: ['writer'] } })
    expect(claims).toMatchObject({ preferred_username: 'alice', email: 'alice@example.com' })

    const example = await target.send(
      'GET',
      `/demo/clients/${client.id}/evaluate-scopes/generate-example-access-token?userId=${user.id}`,
    )
    expect(JSON.parse(example.text)).toMatchObject({ azp: 'app', realm_access: { roles: expect.any(Array) } })
  })

  it('takes effect at once: a logout, a reset password, a deleted user', async () => {
    const { admin, server } = target
    const login = (password: string): Promise<string> =>
      passwordToken(server, 'demo', { client_id: 'admin-cli', username: 'bob', password })
    const { id } = await admin.users.create({
      username: 'bob',
      email: 'bob@example.com',
      firstName: 'Bob',
      lastName: 'Doe',
      enabled: true,
      credentials: [{ type: 'password', value: 'one' }],
    })
    const token = await login('one')
    const userinfo = async (): Promise<number> => {
      const url = `${server}/realms/demo/protocol/openid-connect/userinfo`
      return (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status
    }
    expect(await admin.users.listSessions({ id })).toHaveLength(1)
    await admin.users.logout({ id })
    expect(await admin.users.listSessions({ id })).toHaveLength(0)
    expect(await userinfo()).toBe(401)
    await admin.users.resetPassword({ id, credential: { type: 'password', value: 'two' } })
    await expect(login('one')).rejects.toThrow('invalid_grant')
    await expect(login('two')).resolves.toBeTypeOf('string')
    await admin.users.del({ id })
    await expect(login('two')).rejects.toThrow('invalid_grant')
  })

  it('can be read and written back without loss', async () => {
    const { admin } = target
    const realm = await admin.realms.findOne({ realm: 'demo' })
    await admin.realms.update({ realm: 'demo' }, realm ?? {})
    expect(await admin.realms.findOne({ realm: 'demo' })).toEqual(realm)
    const [client] = await admin.clients.find({ clientId: 'app' })
    await admin.clients.update({ id: client?.id ?? '' }, client ?? {})
    expect(await admin.clients.findOne({ id: client?.id ?? '' })).toEqual(client)
  })

  it('never returns a password hash or the mail password', async () => {
    const { admin, send } = target
    await admin.realms.update(
      { realm: 'demo' },
      { smtpServer: { host: 'h', from: 'a@b.c', auth: 'true', password: 'mail' } },
    )
    const [user] = await admin.users.find({ username: 'alice' })
    const { text: credentials } = await send('GET', `/demo/users/${user?.id}/credentials`)
    expect(credentials).toContain('argon2')
    expect(credentials).not.toContain('secretData')
    const masked = await admin.realms.findOne({ realm: 'demo' })
    expect(masked?.smtpServer).toMatchObject({ password: '**********' })
    await admin.realms.update({ realm: 'demo' }, { smtpServer: masked?.smtpServer ?? {} })
    expect((await send('GET', '/demo')).text).not.toContain('"mail"')
  })

  it('is deleted together with its client and roles in master', async () => {
    const { admin, send } = target
    await admin.realms.del({ realm: 'demo' })
    expect(await send('GET', '/demo')).toMatchObject({ status: 404, text: '{"error":"Realm not found."}' })
    expect((await send('GET', '/master/clients?clientId=demo-realm')).text).toBe('[]')
  })
})
