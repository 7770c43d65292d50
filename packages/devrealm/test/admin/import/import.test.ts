import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AdminTarget, openAdmin } from '../support.ts'

const exported = {
  realm: 'imported',
  enabled: true,
  accessTokenLifespanForImplicitFlow: 900,
  browserFlow: 'mine',
  authenticationFlows: [
    {
      alias: 'mine',
      providerId: 'basic-flow',
      topLevel: true,
      builtIn: false,
      authenticationExecutions: [
        { authenticator: 'auth-cookie', requirement: 'ALTERNATIVE', priority: 10 },
        { flowAlias: 'mine forms', requirement: 'ALTERNATIVE', priority: 20 },
      ],
    },
    {
      alias: 'mine forms',
      providerId: 'basic-flow',
      topLevel: false,
      builtIn: false,
      authenticationExecutions: [
        { authenticator: 'auth-username-password-form', requirement: 'REQUIRED', priority: 10 },
      ],
    },
    ...[
      'registration',
      'direct grant',
      'reset credentials',
      'clients',
      'docker auth',
      'first broker login',
    ].map((alias) => ({
      alias,
      providerId: 'basic-flow',
      topLevel: true,
      builtIn: true,
      authenticationExecutions: [],
    })),
  ],
  clientScopes: [
    { name: 'email', protocol: 'openid-connect', attributes: { 'include.in.token.scope': 'false' } },
  ],
  roles: {
    realm: [{ name: 'boss', composite: true, composites: { realm: ['user'] } }, { name: 'user' }],
    client: { app: [{ name: 'writer' }] },
  },
  clients: [{ clientId: 'app', secret: 's', fullScopeAllowed: false }],
  scopeMappings: [{ client: 'app', roles: ['boss'] }],
  groups: [{ name: 'g', realmRoles: ['user'], subGroups: [{ name: 'h' }] }],
  defaultGroups: ['/g'],
  users: [
    {
      id: '00000000-0000-4000-8000-000000000001',
      username: 'al',
      enabled: true,
      attributes: { team: ['red'] },
      realmRoles: ['boss'],
      clientRoles: { app: ['writer'] },
      groups: ['/g/h'],
    },
  ],
}

describe('an imported realm', () => {
  let target: AdminTarget
  const read = async (path: string): Promise<unknown> =>
    JSON.parse((await target.send('GET', `/imported${path}`)).text) as unknown

  beforeAll(async () => {
    target = await openAdmin()
    expect(await target.send('POST', '', exported)).toMatchObject({ status: 201 })
  })
  afterAll(() => target.close())

  it('keeps users unchanged: ids, user names that a new user may not have, no default roles or groups', async () => {
    const path = `/users/${exported.users[0]?.id}`
    expect(await read(path)).toMatchObject({ username: 'al', enabled: true })
    const mappings = await read(`${path}/role-mappings`)
    expect(mappings).toMatchObject({
      realmMappings: [{ name: 'boss' }],
      clientMappings: { app: { mappings: [{ name: 'writer' }] } },
    })
    expect(await read(`${path}/groups`)).toMatchObject([{ path: '/g/h' }])
  })

  it('keeps the flows, scopes, scope mappings and default groups of the export', async () => {
    expect(await read('')).toMatchObject({ browserFlow: 'mine', defaultGroups: ['/g'] })
    expect(await read('/authentication/flows/mine/executions')).toMatchObject([
      { providerId: 'auth-cookie', level: 0 },
      { displayName: 'mine forms', level: 0 },
      { providerId: 'auth-username-password-form', level: 1 },
    ])
    const [client] = (await read('/clients?clientId=app')) as { id: string; defaultClientScopes: string[] }[]
    expect(client?.defaultClientScopes).toContain('email')
    expect(await read(`/clients/${client?.id}/scope-mappings/realm`)).toMatchObject([{ name: 'boss' }])
    const [account] = (await read('/clients?clientId=account')) as { defaultClientScopes: string[] }[]
    expect(account?.defaultClientScopes).toContain('email')
  })

  it('leaves nothing behind if a part is rejected', async () => {
    const broken = { realm: 'broken', enabled: true, users: [{ username: 'x', groups: ['/nowhere'] }] }
    expect((await target.send('POST', '', broken)).status).toBe(400)
    expect((await target.send('GET', '/broken')).status).toBe(404)
    expect((await target.send('GET', '/master/clients?clientId=broken-realm')).text).toBe('[]')
    const twice = { realm: 'broken', clients: [{ clientId: 'a' }, { clientId: 'a' }] }
    expect(await target.send('POST', '', twice)).toMatchObject({
      status: 409,
      text: '{"errorMessage":"Duplicate resource error"}',
    })
  })

  it('can be extended in batches, each one all or nothing', async () => {
    const send = (body: unknown) => target.send('POST', '/imported/partialImport', body)
    const users = [{ username: 'p1', realmRoles: ['user'] }, { username: 'al' }]
    expect(await send({ ifResourceExists: 'FAIL', users })).toMatchObject({
      status: 409,
      text: '{"errorMessage":"User with user name al already exists."}',
    })
    expect(await read('/users?username=p1')).toEqual([])
    const added: unknown = JSON.parse((await send({ ifResourceExists: 'SKIP', users })).text)
    expect(added).toMatchObject({ added: 1, skipped: 1, overwritten: 0 })
  })
})

describe('users created at the same time', () => {
  it('result in one user if they share a user name', async () => {
    const target = await openAdmin()
    try {
      const body = { username: 'racer', credentials: [{ type: 'password', value: 'x' }] }
      const replies = await Promise.all([1, 2, 3, 4].map(() => target.send('POST', '/demo/users', body)))
      expect(replies.map((reply) => reply.status).sort((a, b) => a - b)).toEqual([201, 409, 409, 409])
      const [user] = JSON.parse((await target.send('GET', '/demo/users')).text) as { id: string }[]
      // A user who was deleted while the password was hashed stays deleted.
      const path = `/demo/users/${user?.id}`
      await Promise.all([
        target.send('PUT', `${path}/reset-password`, { type: 'password', value: 'y' }),
        target.send('DELETE', path),
      ])
      expect((await target.send('GET', path)).status).toBe(404)
    } finally {
      await target.close()
    }
  })
})
