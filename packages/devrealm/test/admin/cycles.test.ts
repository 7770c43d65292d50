import { fromPglite, migrate } from 'cloakwright/state'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { copyFlow } from '../../src/admin/flows/flow-changes.ts'
import { executionsOf } from '../../src/admin/flows/flow-representations.ts'
import { type Flow, tree } from '../../src/flows/flow-store.ts'
import { openTemporaryDatabase } from '../../src/home/index.ts'
import { createDevRealm, migrations } from '../../src/index.ts'
import { type AdminTarget, openAdmin, passwordToken } from './support.ts'

let target: AdminTarget
beforeAll(async () => {
  target = await openAdmin()
  const groups = [{ id: 'first', name: 'first', path: '/first', subGroups: [{ id: 'inner', name: 'inner' }] }]
  const made = await target.send('POST', '/demo/partialImport', { groups })
  expect(made.status).toBe(200)
})
afterAll(() => target.close())

const taken = '{"errorMessage":"Duplicate resource error"}'
const oidc = 'openid-connect'
const mapper = (id: string, name: string) => ({
  id,
  name,
  protocol: oidc,
  protocolMapper: 'oidc-sub-mapper',
})
const flow = (alias: string, inner: string[] = [], id?: string) => ({
  ...(id === undefined ? {} : { id }),
  alias,
  providerId: 'basic-flow',
  topLevel: true,
  builtIn: false,
  authenticationExecutions: inner.map((flowAlias, priority) => ({
    flowAlias,
    authenticatorFlow: true,
    requirement: 'REQUIRED',
    priority,
  })),
})

describe('a write with a duplicate id, or one that creates a cycle', () => {
  it.each<[string, string, string, unknown, number, string?]>([
    [
      'a group within itself',
      'POST',
      '/demo/partialImport',
      { groups: [{ id: 'loop', name: 'loop', subGroups: [{ id: 'loop', name: 'loop2' }] }] },
      409,
      taken,
    ],
    [
      'a group with the id of another',
      'POST',
      '/demo/partialImport',
      { groups: [{ id: 'first', name: 'other' }] },
      409,
      taken,
    ],
    [
      'a parent group with the id of its child',
      'POST',
      '/demo/partialImport',
      { groups: [{ id: 'above', name: 'above', subGroups: [{ id: 'first', name: 'x' }] }] },
      409,
      taken,
    ],
    [
      'two subgroups with the same name',
      'POST',
      '/demo/partialImport',
      { groups: [{ name: 'a', subGroups: [{ name: 'b' }, { name: 'b' }] }] },
      409,
      taken,
    ],
    ['a group without a name', 'POST', '/demo/partialImport', { groups: [{ id: 'nameless' }] }, 400],
    ['a group with an empty id', 'POST', '/demo/partialImport', { groups: [{ id: '', name: 'e' }] }, 400],
    [
      'a group with an id that is too long',
      'POST',
      '/demo/partialImport',
      { groups: [{ id: 'i'.repeat(37), name: 'l' }] },
      400,
    ],
    [
      'a group that is moved below itself',
      'POST',
      '/demo/groups/inner/children',
      { id: 'first', name: 'first' },
      500,
    ],
    [
      'groups with the same id in a realm',
      'POST',
      '',
      {
        realm: 'x',
        groups: [
          { id: 'z', name: 'a' },
          { id: 'z', name: 'b' },
        ],
      },
      409,
      taken,
    ],
    [
      'a group within itself in a realm',
      'POST',
      '',
      { realm: 'x', groups: [{ id: 'z', name: 'a', subGroups: [{ id: 'z', name: 'b' }] }] },
      409,
      taken,
    ],
    [
      'roles with the same id in a realm',
      'POST',
      '',
      {
        realm: 'x',
        roles: {
          realm: [
            { id: 'z', name: 'a' },
            { id: 'z', name: 'b' },
          ],
        },
      },
      409,
      taken,
    ],
    [
      'client scopes with the same id in a realm',
      'POST',
      '',
      {
        realm: 'x',
        clientScopes: [
          { id: 'z', name: 'a', protocol: oidc },
          { id: 'z', name: 'b', protocol: oidc },
        ],
      },
      409,
      taken,
    ],
    [
      'users with the same id in a realm',
      'POST',
      '',
      {
        realm: 'x',
        users: [
          { id: 'z', username: 'aaa' },
          { id: 'z', username: 'bbb' },
        ],
      },
      409,
      taken,
    ],
    [
      'mappers with the same id',
      'POST',
      '/demo/clients',
      { clientId: 'cm', protocolMappers: [mapper('m', 'a'), mapper('m', 'b')] },
      409,
      '{"errorMessage":"Client cm already exists"}',
    ],
    [
      'mappers with the same name',
      'POST',
      '/demo/clients',
      { clientId: 'cm', protocolMappers: [mapper('m', 'a'), mapper('n', 'a')] },
      409,
      '{"errorMessage":"Client cm already exists"}',
    ],
    [
      'a client id that is too long',
      'POST',
      '/demo/clients',
      { id: 'i'.repeat(37), clientId: 'cl' },
      400,
      '{"error":"invalid_input","error_description":"Client ID must not exceed 36 characters"}',
    ],
    ['a flow within itself', 'POST', '', { realm: 'x', authenticationFlows: [flow('A', ['A'])] }, 400],
    [
      'flows within each other',
      'POST',
      '',
      { realm: 'x', authenticationFlows: [flow('A', ['B']), flow('B', ['C']), flow('C', ['A'])] },
      400,
    ],
    [
      'a flow in two places',
      'POST',
      '',
      { realm: 'x', authenticationFlows: [flow('A', ['B', 'B']), flow('B')] },
      400,
    ],
    ['an unknown subflow', 'POST', '', { realm: 'x', authenticationFlows: [flow('A', ['B'])] }, 400],
    [
      'flows with the same id',
      'POST',
      '',
      { realm: 'x', authenticationFlows: [flow('A', [], 'i'), flow('B', [], 'i')] },
      409,
      taken,
    ],
    [
      'flows with the same alias',
      'POST',
      '',
      { realm: 'x', authenticationFlows: [flow('A'), flow('A')] },
      400,
    ],
  ])('is rejected and changes nothing: %s', async (_, method, path, body, status, text) => {
    const before = await state()
    const refused = await target.send(method, path, body)
    expect(refused.status).toBe(status)
    if (text !== undefined) expect(refused.text).toBe(text)
    expect(await state()).toEqual(before)
  })

  it('is rejected for a client scope and a mapper, with the message for a duplicate name', async () => {
    const scope = (name: string) => ({ id: 'scope', name, protocol: oidc })
    expect((await target.send('POST', '/demo/client-scopes', scope('s1'))).status).toBe(201)
    expect((await target.send('POST', '/demo/client-scopes', scope('s2'))).text).toBe(
      '{"errorMessage":"Client Scope s2 already exists"}',
    )
    const path = '/demo/client-scopes/scope/protocol-mappers/models'
    expect((await target.send('POST', path, mapper('m', 'a'))).status).toBe(201)
    expect((await target.send('POST', path, mapper('m', 'b'))).text).toBe(
      '{"errorMessage":"Protocol mapper exists with same name"}',
    )
  })

  it('is accepted for composite roles, which may include each other in Keycloak', async () => {
    const { admin } = target
    for (const name of ['ring-a', 'ring-b']) await admin.roles.create({ name })
    const [a, b] = await Promise.all(['ring-a', 'ring-b'].map((name) => admin.roles.findOneByName({ name })))
    for (const [role, part] of [
      [a, b],
      [b, a],
      [a, a],
    ]) {
      const path = `/demo/roles/${role?.name}/composites`
      expect((await target.send('POST', path, [part])).status).toBe(204)
    }
    const user = await admin.users.create({ username: 'ringed', enabled: true })
    await admin.users.addRealmRoleMappings({ id: user.id, roles: [{ id: a?.id ?? '', name: 'ring-a' }] })
    const roles = await admin.users.listCompositeRealmRoleMappings({ id: user.id })
    expect(roles.map(({ name }) => name)).toEqual(expect.arrayContaining(['ring-a', 'ring-b']))
  })
})

async function state(): Promise<string[]> {
  const paths = ['', '/demo/groups?search=', '/demo/roles', '/demo/clients', '/demo/client-scopes']
  const replies = await Promise.all(paths.map((path) => target.send('GET', path)))
  return replies.map(({ text }) => text)
}

describe('groups and flows that are stored as a cycle', () => {
  it('do not prevent login, listing, search or deletion', async () => {
    const database = await openTemporaryDatabase()
    const sql = fromPglite(database.pglite)
    await migrate(sql, 'devrealm', migrations)
    const before = await createDevRealm({ sql })
    const eve = { username: 'eve', email: 'e@example.org', firstName: 'E', lastName: 'V', enabled: true }
    await before.importRealm({
      realm: 'rings',
      enabled: true,
      clients: [{ clientId: 'app', publicClient: true, directAccessGrantsEnabled: true }],
      groups: [{ id: 'a', name: 'a', subGroups: [{ id: 'b', name: 'b' }] }],
      users: [{ ...eve, groups: ['/a/b'], credentials: [{ type: 'password', value: 'eve' }] }],
    })
    // Requests cannot create a cycle any more: this was stored by an earlier version.
    await sql.query(
      `UPDATE devrealm.documents SET body = (body::jsonb || '{"parentId":"b"}')::json WHERE kind = 'group' AND id = 'a'`,
    )
    const rings = await openAdmin('another', { sql })
    const form = { client_id: 'app', username: 'eve', password: 'eve' }
    await expect(passwordToken(rings.server, 'rings', form)).resolves.toEqual(expect.any(String))
    expect((await rings.send('GET', '/rings/groups?search=a')).status).toBe(200)
    expect((await rings.send('GET', '/rings/groups/a')).text).toContain('"path":"/b/a"')
    expect((await rings.send('DELETE', '/rings/groups/a')).status).toBe(204)
    expect((await rings.send('GET', '/rings/groups/b')).status).toBe(404)
    await rings.close()
    await database.close()
  })

  it('do not cause an endless loop', () => {
    const step = (id: string, flowId: string) => ({
      id,
      flowId,
      requirement: 'REQUIRED' as const,
      priority: 0,
    })
    const ring = (id: string, inner: string[]): Flow => ({
      id,
      alias: id,
      providerId: 'basic-flow',
      topLevel: true,
      builtIn: false,
      executions: inner.map((each) => step(`${id}${each}`, each)),
    })
    // Each flow is used twice in the previous one: a million steps as a tree.
    const ids = Array.from({ length: 20 }, (_, index) => `f${index}`)
    const flows = ids.map((id, index) => ring(id, [ids[(index + 1) % 20] ?? '', ids[(index + 1) % 20] ?? '']))
    const all = { flows, configs: [] }
    const [first] = flows as [Flow]
    expect(tree(all, first)).toHaveLength(20)
    expect(executionsOf(all, first)).toHaveLength(40)
    expect(copyFlow(all, first, 'copy').all.flows).toHaveLength(40)
  })
})
