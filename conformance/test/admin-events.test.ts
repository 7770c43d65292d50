import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, json } from '../src/expect.ts'
import { tokensOf } from '../src/grants.ts'
import { type Json, type Reply, send } from '../src/http.ts'
import { openRealm } from '../src/realm.ts'
import { shapeOf } from '../src/shape.ts'

const realm = await openRealm()
beforeAll(async () => {
  await put('', { adminEventsEnabled: true, adminEventsDetailsEnabled: true, bruteForceProtected: true })
})
afterAll(() => realm.close())

const post = (path: string, body?: unknown) =>
  realm.api(path, { method: 'POST', ...(body !== undefined && { json: body }) })
const put = (path: string, body?: unknown) =>
  realm.api(path, { method: 'PUT', ...(body !== undefined && { json: body }) })
const remove = (path: string, body?: unknown) =>
  realm.api(path, { method: 'DELETE', ...(body !== undefined && { json: body }) })
const get = async (path: string): Promise<Json> => (await realm.api(path)).json()
const idOf = (reply: Reply) => reply.headers.get('location')?.split('/').pop() ?? ''
const mask = '**********'

/** An event without user and time, with its representation parsed. */
function told({ operationType, resourceType, resourcePath, representation, details }: Json): Json {
  return {
    is: `${operationType} ${resourceType}`,
    ...(resourcePath !== undefined && { path: resourcePath }),
    ...(representation !== undefined && { shows: JSON.parse(representation) }),
    ...(details !== undefined && { details }),
  }
}

/** The events that `work` caused. */
async function eventsOf(work: () => Promise<unknown>): Promise<Json[]> {
  const known = new Set((await get('/admin-events?max=-1')).map(({ id }: Json) => id))
  await work()
  const now: Json[] = await get('/admin-events?max=-1&direction=asc')
  return now.filter(({ id }) => !known.has(id)).map(told)
}

let counter = 0
const name = (kind: string) => `${kind}-${(counter += 1)}`
const user = async (more = {}) => idOf(await post('/users', { username: name('user'), ...more }))
const group = async (groupName = name('group')) => idOf(await post('/groups', { name: groupName }))
const client = async (more = {}) => idOf(await post('/clients', { clientId: name('client'), ...more }))
const scope = async () =>
  idOf(await post('/client-scopes', { name: name('scope'), protocol: 'openid-connect' }))
const role = async (below = ''): Promise<{ id: string; name: string }> => {
  const made = name('role')
  await post(`${below}/roles`, { name: made })
  const { id } = await get(`${below}/roles/${made}`)
  return { id, name: made }
}
const mapper = (mapperName = 'aud') => ({
  name: mapperName,
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: { 'included.custom.audience': 'x' },
})
const plain = (...roles: { id: string; name: string }[]) =>
  roles.map((each) => ({ ...each, composite: false }))

describe('an admin event', () => {
  it('has these fields in this order', async () => {
    const id = await user({ email: 'shape@example.org' })
    await put(`/users/${id}/groups/${await group('shape')}`)
    const [event] = await get('/admin-events?max=1')
    expect(shapeOf(event)).toBe(
      '{id: string, time: number, realmId: string, authDetails: {realmId: string, clientId: string, userId: string, ipAddress: string}, ' +
        'operationType: string, resourceType: string, resourcePath: string, representation: string, details: {email: string, username: string}}',
    )
    expect(event.realmId).toBe((await get('')).id)
  })

  it('identifies the administrator by ids', async () => {
    await user()
    const [{ authDetails }] = await get('/admin-events?max=1')
    const master = (await (await realm.admin.request('/master')).json()).id
    const [{ id: clientId }] = (await realm.admin.request('/master/clients?clientId=admin-cli')).json()
    const { username } = realm.target.admin
    const [{ id: userId }] = (
      await realm.admin.request(`/master/users?exact=true&username=${username}`)
    ).json()
    expect(authDetails).toEqual({
      realmId: master,
      clientId,
      userId,
      ipAddress: expect.stringMatching(/^(127\.0\.0\.1|::1|0:0:0:0:0:0:0:1)$/),
    })
  })
})

describe('there is an admin event for a user when', () => {
  it('the user is created, changed or deleted (without credentials)', async () => {
    const username = name('life')
    const credentials = [{ type: 'password', value: 'canary' }]
    let id = ''
    expect(
      await eventsOf(async () => {
        id = idOf(await post('/users', { username, enabled: true, attributes: { k: ['v'] }, credentials }))
        await put(`/users/${id}`, { firstName: 'F', credentials })
        await remove(`/users/${id}`)
      }),
    ).toEqual([
      {
        is: 'CREATE USER',
        path: `users/${id}`,
        shows: { username, enabled: true, attributes: { k: ['v'] } },
      },
      { is: 'UPDATE USER', path: `users/${id}`, shows: { firstName: 'F' } },
      { is: 'DELETE USER', path: `users/${id}`, shows: { id, username } },
    ])
  })

  it('a password is set, a credential is removed or the user is logged out', async () => {
    const id = await user({ credentials: [{ type: 'password', value: 'canary' }] })
    const [{ id: credential }] = await get(`/users/${id}/credentials`)
    expect(
      await eventsOf(async () => {
        await put(`/users/${id}/reset-password`, { type: 'password', value: 'canary', temporary: false })
        await post(`/users/${id}/logout`)
        await put(`/users/${id}/disable-credential-types`, ['password'])
        await remove(`/users/${id}/credentials/${(await get(`/users/${id}/credentials`))[0].id}`)
      }),
    ).toEqual([
      { is: 'ACTION USER', path: `users/${id}/reset-password` },
      { is: 'ACTION USER', path: `users/${id}/logout` },
      {
        is: 'ACTION USER',
        path: `users/${id}/credentials/${credential}`,
        details: { credential_type: 'password', credential_id: credential },
      },
    ])
  })

  it('a group membership begins or ends, but not when it already is so', async () => {
    const username = name('member')
    const id = await user({ username })
    const groupName = name('joined')
    const joined = await group(groupName)
    const path = `users/${id}/groups/${joined}`
    const shows = {
      id: joined,
      name: groupName,
      path: `/${groupName}`,
      subGroups: [],
      attributes: {},
      realmRoles: [],
      clientRoles: {},
    }
    expect(
      await eventsOf(async () => {
        for (const change of [put, put, remove, remove]) await change(`/${path}`)
      }),
    ).toEqual([
      { is: 'CREATE GROUP_MEMBERSHIP', path, shows, details: { username } },
      { is: 'DELETE GROUP_MEMBERSHIP', path, shows, details: { username } },
    ])
  })

  it('roles are added or removed, even if the user already has them', async () => {
    const [id, app] = [await user(), await client()]
    const [ofRealm, ofClient] = [await role(), await role(`/clients/${app}`)]
    const realmPath = `users/${id}/role-mappings/realm`
    const clientPath = `users/${id}/role-mappings/clients/${app}`
    expect(
      await eventsOf(async () => {
        await post(`/${realmPath}`, [ofRealm])
        await post(`/${realmPath}`, [ofRealm])
        await remove(`/${realmPath}`, [ofRealm])
        await post(`/${clientPath}`, [ofClient])
        await remove(`/${clientPath}`)
      }),
    ).toEqual([
      { is: 'CREATE REALM_ROLE_MAPPING', path: realmPath, shows: plain(ofRealm) },
      { is: 'CREATE REALM_ROLE_MAPPING', path: realmPath, shows: plain(ofRealm) },
      { is: 'DELETE REALM_ROLE_MAPPING', path: realmPath, shows: plain(ofRealm) },
      { is: 'CREATE CLIENT_ROLE_MAPPING', path: clientPath, shows: plain(ofClient) },
      {
        is: 'DELETE CLIENT_ROLE_MAPPING',
        path: clientPath,
        shows: [{ ...ofClient, composite: false, clientRole: true, containerId: app }],
      },
    ])
  })

  it('a session is ended', async () => {
    await realm.addUser('ended')
    await tokensOf(realm, 'ended')
    const [{ id }] = await get('/users?username=ended&exact=true')
    const [{ id: session }] = await get(`/users/${id}/sessions`)
    expect(await eventsOf(() => remove(`/sessions/${session}`))).toEqual([
      { is: 'DELETE USER_SESSION', path: `sessions/${session}`, shows: { offline: false } },
    ])
  })

  it('login failures are cleared, if there were any', async () => {
    const id = await user()
    expect(await eventsOf(() => remove(`/attack-detection/brute-force/users/${id}`))).toEqual([])
    expect(await eventsOf(() => remove('/attack-detection/brute-force/users'))).toEqual([
      { is: 'DELETE USER_LOGIN_FAILURE', path: 'attack-detection/brute-force/users' },
    ])
  })
})

describe('there is an admin event for a group when', () => {
  it('the group is created, renamed, moved or deleted', async () => {
    const top = await group()
    let [id, kid] = ['', '']
    expect(
      await eventsOf(async () => {
        id = idOf(await post('/groups', { name: 'life', attributes: { a: ['1'] } }))
        kid = (await post(`/groups/${id}/children`, { name: 'kid' })).json().id
        await put(`/groups/${id}`, { name: 'life-2' })
        await post(`/groups/${top}/children`, { id: kid, name: 'kid' })
        await post('/groups', { id: kid, name: 'kid' })
        await remove(`/groups/${id}`)
      }),
    ).toEqual([
      {
        is: 'CREATE GROUP',
        path: `groups/${id}`,
        shows: { id, name: 'life', subGroups: [], attributes: { a: ['1'] } },
      },
      { is: 'CREATE GROUP', path: `groups/${id}/children`, shows: { id: kid, name: 'kid', subGroups: [] } },
      { is: 'UPDATE GROUP', path: `groups/${id}`, shows: { name: 'life-2', subGroups: [] } },
      { is: 'UPDATE GROUP', path: `groups/${top}/children`, shows: { id: kid, name: 'kid', subGroups: [] } },
      { is: 'UPDATE GROUP', path: 'groups', shows: { id: kid, name: 'kid', subGroups: [] } },
      { is: 'DELETE GROUP', path: `groups/${id}`, shows: { id, name: 'life-2', subGroups: [] } },
    ])
  })

  it('its roles change or it becomes a default group', async () => {
    const [id, ofRealm] = [await group(), await role()]
    const path = `groups/${id}/role-mappings/realm`
    expect(
      await eventsOf(async () => {
        await post(`/${path}`, [ofRealm])
        await remove(`/${path}`, [ofRealm])
        await put(`/default-groups/${id}`)
        await remove(`/default-groups/${id}`)
      }),
    ).toEqual([
      { is: 'CREATE REALM_ROLE_MAPPING', path, shows: plain(ofRealm) },
      { is: 'DELETE REALM_ROLE_MAPPING', path, shows: plain(ofRealm) },
      { is: 'CREATE GROUP', path: `default-groups/${id}` },
      { is: 'DELETE GROUP', path: `default-groups/${id}` },
    ])
  })
})

describe.each([
  ['realm', 'REALM_ROLE', async () => ''],
  ['client', 'CLIENT_ROLE', async () => `/clients/${await client()}`],
])('there is an admin event for a %s role when', (_, type, place) => {
  it('the role is created, changed or deleted by name', async () => {
    const below = await place()
    const roleName = name('life role/x')
    const path = `${below}/roles/${roleName}`.slice(1)
    const url = `${below}/roles/${encodeURIComponent(roleName)}`
    let id = ''
    let full: Json
    expect(
      await eventsOf(async () => {
        await post(`${below}/roles`, { name: roleName, description: 'd' })
        full = { ...(await get(url)), description: 'e' }
        id = full.id
        await put(url, full)
        await remove(url)
      }),
    ).toEqual([
      { is: `CREATE ${type}`, path, shows: { id, name: roleName, description: 'd', composite: false } },
      { is: `UPDATE ${type}`, path, shows: full },
      { is: `DELETE ${type}`, path, shows: { id, name: roleName, composite: false } },
    ])
  })

  it('composites change, or the role is changed or deleted by id', async () => {
    const below = await place()
    const [made, part] = [await role(below), await role()]
    const composites = `${below}/roles/${made.name}/composites`
    const full = await get(`/roles-by-id/${made.id}`)
    expect(
      await eventsOf(async () => {
        await post(composites, [part])
        await remove(composites, [part])
        await post(`/roles-by-id/${made.id}/composites`, [part])
        await remove(`/roles-by-id/${made.id}/composites`, [part])
        await put(`/roles-by-id/${made.id}`, full)
        await remove(`/roles-by-id/${made.id}`)
      }),
    ).toEqual([
      { is: `CREATE ${type}`, path: composites.slice(1), shows: plain(part) },
      { is: `DELETE ${type}`, path: composites.slice(1), shows: plain(part) },
      { is: `CREATE ${type}`, path: `roles-by-id/${made.id}/composites`, shows: plain(part) },
      { is: `DELETE ${type}`, path: `roles-by-id/${made.id}/composites`, shows: plain(part) },
      { is: `UPDATE ${type}`, path: `roles-by-id/${made.id}`, shows: full },
      { is: `DELETE ${type}`, path: `roles-by-id/${made.id}` },
    ])
  })
})

describe('there is an admin event for a client when', () => {
  it('the client is created, changed or deleted, or its secret is regenerated; secrets are masked', async () => {
    const clientId = name('life')
    let id = ''
    expect(
      await eventsOf(async () => {
        id = idOf(await post('/clients', { clientId, secret: 'canary' }))
        await put(`/clients/${id}`, { clientId, name: 'App', secret: 'canary-2' })
        await post(`/clients/${id}/client-secret`)
        await remove(`/clients/${id}`)
      }),
    ).toEqual([
      { is: 'CREATE CLIENT', path: `clients/${id}`, shows: { id, clientId, secret: mask } },
      { is: 'UPDATE CLIENT', path: `clients/${id}`, shows: { clientId, name: 'App', secret: mask } },
      { is: 'ACTION CLIENT', path: `clients/${id}/client-secret`, shows: { type: 'secret', value: mask } },
      { is: 'DELETE CLIENT', path: `clients/${id}`, shows: { id, clientId } },
    ])
  })

  it('client scopes are added or removed, even if the client already has them', async () => {
    const [id, given] = [await client(), await scope()]
    const paths = ['default', 'optional'].map((kind) => `clients/${id}/${kind}-client-scopes/${given}`)
    const [byDefault = '', optional = ''] = paths
    expect(
      await eventsOf(async () => {
        await put(`/${byDefault}`)
        await put(`/${byDefault}`)
        await remove(`/${byDefault}`)
        await put(`/${optional}`)
        await remove(`/${optional}`)
      }),
    ).toEqual([
      { is: 'CREATE CLIENT_SCOPE_CLIENT_MAPPING', path: byDefault },
      { is: 'CREATE CLIENT_SCOPE_CLIENT_MAPPING', path: byDefault },
      { is: 'DELETE CLIENT_SCOPE_CLIENT_MAPPING', path: byDefault },
      { is: 'CREATE CLIENT_SCOPE_CLIENT_MAPPING', path: optional },
      { is: 'DELETE CLIENT_SCOPE_CLIENT_MAPPING', path: optional },
    ])
  })
})

describe('there is an admin event for a client scope when', () => {
  it('the scope is created, changed or deleted, or becomes a default', async () => {
    const scopeName = name('life')
    let id = ''
    expect(
      await eventsOf(async () => {
        id = idOf(await post('/client-scopes', { name: scopeName, protocol: 'openid-connect' }))
        await put(`/client-scopes/${id}`, { name: scopeName, description: 'd' })
        for (const kind of ['default', 'optional']) {
          await put(`/default-${kind}-client-scopes/${id}`)
          await remove(`/default-${kind}-client-scopes/${id}`)
        }
        await remove(`/client-scopes/${id}`)
      }),
    ).toEqual([
      {
        is: 'CREATE CLIENT_SCOPE',
        path: `client-scopes/${id}`,
        shows: { name: scopeName, protocol: 'openid-connect' },
      },
      {
        is: 'UPDATE CLIENT_SCOPE',
        path: `client-scopes/${id}`,
        shows: { name: scopeName, description: 'd' },
      },
      { is: 'CREATE CLIENT_SCOPE', path: `default-default-client-scopes/${id}` },
      { is: 'DELETE CLIENT_SCOPE', path: `default-default-client-scopes/${id}` },
      { is: 'CREATE CLIENT_SCOPE', path: `default-optional-client-scopes/${id}` },
      { is: 'DELETE CLIENT_SCOPE', path: `default-optional-client-scopes/${id}` },
      { is: 'DELETE CLIENT_SCOPE', path: `client-scopes/${id}` },
    ])
  })
})

describe.each([
  ['clients', client],
  ['client-scopes', scope],
])('%s: there are admin events for', (kind, make) => {
  it('protocol mappers', async () => {
    const path = `${kind}/${await make()}/protocol-mappers`
    let id = ''
    expect(
      await eventsOf(async () => {
        id = idOf(await post(`/${path}/models`, mapper()))
        await put(`/${path}/models/${id}`, { id, ...mapper() })
        await remove(`/${path}/models/${id}`)
        await post(`/${path}/add-models`, [mapper('a'), mapper('b')])
      }),
    ).toEqual([
      {
        is: 'CREATE PROTOCOL_MAPPER',
        path: `${path}/models/${id}`,
        shows: { ...mapper(), consentRequired: false },
      },
      {
        is: 'UPDATE PROTOCOL_MAPPER',
        path: `${path}/models/${id}`,
        shows: { id, ...mapper(), consentRequired: false },
      },
      { is: 'DELETE PROTOCOL_MAPPER', path: `${path}/models/${id}` },
      {
        is: 'CREATE PROTOCOL_MAPPER',
        path: `${path}/add-models`,
        shows: [
          { ...mapper('a'), consentRequired: false },
          { ...mapper('b'), consentRequired: false },
        ],
      },
    ])
  })

  it('scope mappings', async () => {
    const [path, app] = [`${kind}/${await make()}/scope-mappings`, await client()]
    const [ofRealm, ofClient] = [await role(), await role(`/clients/${app}`)]
    expect(
      await eventsOf(async () => {
        await post(`/${path}/realm`, [ofRealm])
        await remove(`/${path}/realm`, [ofRealm])
        await remove(`/${path}/realm`)
        await post(`/${path}/clients/${app}`, [ofClient])
        await remove(`/${path}/clients/${app}`, [ofClient])
      }),
    ).toEqual([
      { is: 'CREATE REALM_SCOPE_MAPPING', path: `${path}/realm`, shows: plain(ofRealm) },
      { is: 'DELETE REALM_SCOPE_MAPPING', path: `${path}/realm`, shows: plain(ofRealm) },
      { is: 'DELETE REALM_SCOPE_MAPPING', path: `${path}/realm`, shows: [] },
      { is: 'CREATE CLIENT_SCOPE_MAPPING', path: `${path}/clients/${app}`, shows: plain(ofClient) },
      { is: 'DELETE CLIENT_SCOPE_MAPPING', path: `${path}/clients/${app}`, shows: plain(ofClient) },
    ])
  })
})

describe('authentication: there are admin events for', () => {
  it('flows, executions and their masked configuration', async () => {
    const alias = name('my flow')
    const url = `/authentication/flows/${encodeURIComponent(alias)}`
    let [flow, execution, sub, config, copy] = ['', '', '', '', '']
    let info: Json
    const newFlow = { alias, providerId: 'basic-flow', topLevel: true, builtIn: false }
    const subFlow = {
      alias: `${alias} sub`,
      type: 'basic-flow',
      provider: 'registration-page-form',
      description: '',
    }
    const created = await eventsOf(async () => {
      flow = idOf(await post('/authentication/flows', newFlow))
      execution = idOf(await post(`${url}/executions/execution`, { provider: 'auth-otp-form' }))
      await post(`${url}/executions/flow`, subFlow)
      sub = (await get(`${url}/executions`)).find((each: Json) => each.displayName === subFlow.alias).id
      config = idOf(
        await post(`/authentication/executions/${execution}/config`, { alias, config: { a: 'canary' } }),
      )
      copy = idOf(await post(`${url}/copy`, { newName: `${alias} copy` }))
    })
    expect(created).toEqual([
      {
        is: 'CREATE AUTH_FLOW',
        path: `authentication/flows/${flow}`,
        shows: { id: flow, ...newFlow, description: '' },
      },
      {
        is: 'CREATE AUTH_EXECUTION',
        path: `authentication/flows/${alias}/executions/execution`,
        shows: { provider: 'auth-otp-form', id: execution },
      },
      {
        is: 'CREATE AUTH_EXECUTION_FLOW',
        path: `authentication/flows/${alias}/executions/flow`,
        shows: { ...subFlow, id: sub },
      },
      {
        is: 'CREATE AUTHENTICATOR_CONFIG',
        path: `authentication/executions/${execution}/config`,
        shows: { id: config, alias, config: { a: mask } },
      },
      {
        is: 'CREATE AUTH_FLOW',
        path: `authentication/flows/${alias}/copy`,
        shows: { newName: `${alias} copy`, id: copy },
      },
    ])
    expect(
      await eventsOf(async () => {
        info = { ...(await get(`${url}/executions`))[0], requirement: 'REQUIRED' }
        await put(`${url}/executions`, info)
        await post(`/authentication/executions/${execution}/lower-priority`)
        await post(`/authentication/executions/${execution}/raise-priority`)
        await put(`/authentication/config/${config}`, { id: config, alias, config: { a: 'canary' } })
        await remove(`/authentication/config/${config}`)
        await remove(`/authentication/executions/${execution}`)
        await remove(`/authentication/flows/${copy}`)
      }),
    ).toEqual([
      { is: 'UPDATE AUTH_EXECUTION', path: `authentication/flows/${alias}/executions`, shows: info },
      { is: 'UPDATE AUTH_EXECUTION', path: `authentication/executions/${execution}/lower-priority` },
      { is: 'UPDATE AUTH_EXECUTION', path: `authentication/executions/${execution}/raise-priority` },
      {
        is: 'UPDATE AUTHENTICATOR_CONFIG',
        path: `authentication/config/${config}`,
        shows: { id: config, alias, config: { a: mask } },
      },
      { is: 'DELETE AUTHENTICATOR_CONFIG', path: `authentication/config/${config}` },
      { is: 'DELETE AUTH_EXECUTION', path: `authentication/executions/${execution}` },
      { is: 'DELETE AUTH_FLOW', path: `authentication/flows/${copy}` },
    ])
  })

  it('required actions', async () => {
    const path = 'authentication/required-actions/VERIFY_EMAIL'
    const shows = await get(`/${path}`)
    expect(await eventsOf(() => put(`/${path}`, shows))).toEqual([
      { is: 'UPDATE REQUIRED_ACTION', path, shows },
    ])
  })
})

describe('the realm: there are admin events for', () => {
  it('its settings, with the mail server’s password masked', async () => {
    const smtpServer = { host: 'x', from: 'a@example.org', user: 'u', auth: 'true' }
    const body = { displayName: 'D', smtpServer: { ...smtpServer, password: 'canary' } }
    expect(await eventsOf(() => put('', body))).toEqual([
      { is: 'UPDATE REALM', shows: { displayName: 'D', smtpServer: { ...smtpServer, password: mask } } },
    ])
    await put('', { smtpServer: {} })
  })

  it('logging out all users and pushing not-before', async () => {
    expect(
      await eventsOf(async () => {
        await post('/logout-all')
        await post('/push-revocation')
      }),
    ).toEqual([
      { is: 'ACTION REALM', path: 'logout-all', shows: {} },
      { is: 'ACTION REALM', path: 'push-revocation', shows: {} },
    ])
  })

  it('the user profile, if it changes', async () => {
    const profile = await get('/users/profile')
    expect(await eventsOf(() => put('/users/profile', profile))).toEqual([])
    const shows = { ...profile, unmanagedAttributePolicy: 'ENABLED' }
    expect(await eventsOf(() => put('/users/profile', shows))).toEqual([
      { is: 'UPDATE USER_PROFILE', path: 'users/profile', shows },
    ])
  })

  it('each object that a partial import adds, as an event of the realm', async () => {
    const [ofRealm, ofClient, into] = [name('r'), name('c'), name('app')]
    const app = await client({ clientId: into })
    const [username, clientId, groupName] = [name('user'), name('client'), name('group')]
    const taken = name('taken')
    await user({ username: taken })
    const users = [
      { username, realmRoles: ['user'], credentials: [{ type: 'password', value: 'canary' }] },
      { username: taken },
    ]
    const events = await eventsOf(() =>
      post('/partialImport', {
        ifResourceExists: 'SKIP',
        clients: [{ clientId, secret: 'canary' }],
        roles: { realm: [{ name: ofRealm }], client: { [into]: [{ name: ofClient }] } },
        groups: [
          { name: groupName, path: `/${groupName}`, subGroups: [{ name: 'sub', path: `/${groupName}/sub` }] },
        ],
        users,
      }),
    )
    const id = {
      client: (await get(`/clients?clientId=${clientId}`))[0].id,
      ofRealm: (await get(`/roles/${ofRealm}`)).id,
      ofClient: (await get(`/clients/${app}/roles/${ofClient}`)).id,
      group: (await get(`/group-by-path/${groupName}`)).id,
      user: (await get(`/users?exact=true&username=${username}`))[0].id,
    }
    const is = 'CREATE REALM'
    const byPath = (a: Json, b: Json) => (a.path < b.path ? -1 : 1)
    expect(events.toSorted(byPath)).toEqual(
      [
        { is, path: `clients/${id.client}`, shows: { id: id.client, clientId, secret: mask } },
        { is, path: `realms/${id.ofRealm}`, shows: { id: id.ofRealm, name: ofRealm, composite: false } },
        { is, path: `clients/${app}`, shows: { id: id.ofClient, name: ofClient, composite: false } },
        {
          is,
          path: `groups/${id.group}`,
          shows: {
            name: groupName,
            path: `/${groupName}`,
            subGroups: [{ name: 'sub', path: `/${groupName}/sub`, subGroups: [] }],
          },
        },
        { is, path: `users/${id.user}`, shows: { id: id.user, username, realmRoles: ['user'] } },
      ].toSorted(byPath),
    )
  })
})

describe('there is no admin event for', () => {
  it('rejected requests', async () => {
    const username = name('twice')
    await user({ username })
    expect(
      await eventsOf(async () => {
        await post('/users', { username })
        await put('/users/nope', {})
        await post('/partialImport', {
          ifResourceExists: 'FAIL',
          users: [{ username: name('x') }, { username }],
        })
      }),
    ).toEqual([])
  })

  it('client policies and reads', async () => {
    expect(
      await eventsOf(async () => {
        await put('/client-policies/profiles', { profiles: [] })
        await put('/client-policies/policies', { policies: [] })
        await get('/users')
      }),
    ).toEqual([])
  })
})

describe('the event settings', () => {
  const config = (more: object) => put('/events/config', more)

  it('can leave out representations; membership events still name the user', async () => {
    const [username, id] = [name('brief'), await group()]
    let userId = ''
    expect(
      await eventsOf(async () => {
        await config({ adminEventsDetailsEnabled: false })
        userId = await user({ username })
        await put(`/users/${userId}/groups/${id}`)
        await put('', { adminEventsDetailsEnabled: true })
      }),
    ).toEqual([
      { is: 'UPDATE REALM', path: 'events/config' },
      { is: 'CREATE USER', path: `users/${userId}` },
      { is: 'CREATE GROUP_MEMBERSHIP', path: `users/${userId}/groups/${id}`, details: { username } },
      { is: 'UPDATE REALM', shows: { adminEventsDetailsEnabled: true } },
    ])
  })

  it('turn events off and on through events/config, with one event each', async () => {
    expect(
      await eventsOf(async () => {
        await config({ adminEventsEnabled: false })
        await user()
        await config({ adminEventsEnabled: true })
      }),
    ).toMatchObject([
      { path: 'events/config', shows: { adminEventsEnabled: false } },
      { path: 'events/config', shows: { adminEventsEnabled: true } },
    ])
  })

  it('turn events on through the realm endpoint without an event', async () => {
    expect(
      await eventsOf(async () => {
        await put('', { adminEventsEnabled: false })
        await put('', { adminEventsEnabled: true })
      }),
    ).toEqual([{ is: 'UPDATE REALM', shows: { adminEventsEnabled: false } }])
  })

  it('keep expired events until they are cleaned up', async () => {
    await put('', { attributes: { adminEventsExpiration: '1' } })
    await user()
    expect((await get('/admin-events')).length).toBeGreaterThan(0)
    await put('', { attributes: { adminEventsExpiration: '' } })
  })
})

describe('a list of events', () => {
  let all: Json[]
  let id: string
  beforeAll(async () => {
    for (let each = 0; each < 30; each += 1) await user()
    id = await user({ username: name('listed') })
    await put(`/users/${id}/groups/${await group()}`)
    await Promise.all(Array.from({ length: 70 }, () => user()))
    all = await get('/admin-events?max=-1&direction=asc')
  })
  const list = (query: string) => get(`/admin-events?${query}`)

  it('returns the newest 100 first', async () => {
    const listed: Json[] = await list('')
    expect(listed).toHaveLength(100)
    expect(listed[0].time).toBe(all.at(-1)?.time)
    expect(listed.every(({ time }, index) => index === 0 || time <= listed[index - 1].time)).toBe(true)
  })

  it('can be paged in both directions, with inclusive bounds in milliseconds', async () => {
    const { time } = all[20]
    const from: Json[] = await list(`dateFrom=${time}&direction=asc&max=5`)
    expect(from[0].time).toBe(time)
    expect(from).toHaveLength(5)
    const to: Json[] = await list(`dateTo=${time}&max=5`)
    expect(to[0].time).toBe(time)
    expect(await list('max=-1&first=0')).toHaveLength(all.length)
    expect(await list('max=0')).toEqual([])
    expect(await list(`first=${all.length}`)).toEqual([])
    expect(await list('first=-1&max=2')).toHaveLength(2)
    expect(await list('dateFrom=0&max=2')).toHaveLength(2)
  })

  it('accepts dates too, including the whole last day', async () => {
    const { time } = all.at(-1)
    const day = (offset: number) => new Date(time + offset * 86_400_000).toISOString().slice(0, 10)
    expect(await list(`dateFrom=${day(-2)}&dateTo=${day(2)}&max=-1`)).toHaveLength(all.length)
    expect(await list(`dateTo=${day(-2)}`)).toEqual([])
    expect(await list(`dateFrom=${day(2)}`)).toEqual([])
  })

  it.each<[string, (event: Json) => boolean]>([
    ['operationTypes=UPDATE', ({ operationType }) => operationType === 'UPDATE'],
    [
      'operationTypes=UPDATE&operationTypes=DELETE',
      ({ operationType }) => /UPDATE|DELETE/.test(operationType),
    ],
    ['resourceTypes=GROUP', ({ resourceType }) => resourceType === 'GROUP'],
    ['resourceTypes=GROUP&resourceTypes=USER', ({ resourceType }) => /^(GROUP|USER)$/.test(resourceType)],
    ['resourcePath=users/*', ({ resourcePath }) => resourcePath?.startsWith('users/') === true],
    ['resourcePath=*/groups/*', ({ resourcePath }) => resourcePath?.includes('/groups/') === true],
    ['resourcePath=users', () => false],
    ['resourcePath=', () => true],
    ['authUser=x', () => false],
    ['authRealm=master', () => false],
    ['authIpAddress=10.0.0.1', () => false],
  ])('can be filtered by %s', async (query, isWanted) => {
    expect(await list(`${query}&max=-1`)).toHaveLength(all.filter(isWanted).length)
  })

  it('can be filtered by administrator and by one resource', async () => {
    const { authDetails } = all[0]
    for (const [name, value] of Object.entries({
      authUser: authDetails.userId,
      authClient: authDetails.clientId,
      authRealm: authDetails.realmId,
    })) {
      expect(await list(`${name}=${value}&max=-1`)).toHaveLength(all.length)
    }
    expect(await list(`resourcePath=users/${id}`)).toHaveLength(1)
    expect(await list(`resourcePath=users/${id}/*`)).toHaveLength(1)
    expect(await list(`resourcePath=*${id}*`)).toHaveLength(2)
  })

  it.each<[string, Record<string, unknown>]>([
    ['direction=up', json(400, { error: 'Invalid value for sortDirection, expected value is asc or desc' })],
    ['direction=ASC', json(400, { error: 'Invalid value for sortDirection, expected value is asc or desc' })],
    ...['dateFrom', 'dateTo'].flatMap((name) =>
      ['abc', '2026-13-01', '-5'].map((value): [string, Record<string, unknown>] => [
        `${name}=${value}`,
        json(400, {
          error: `Invalid value for '${name}', expected format is yyyy-MM-dd or an Epoch timestamp`,
        }),
      ]),
    ),
    ...['operationTypes=NOPE', 'operationTypes=create', 'resourceTypes=NOPE'].map(
      (query): [string, Record<string, unknown>] => [
        query,
        json(500, {
          error: 'unknown_error',
          error_description: 'For more on this error consult the server log.',
        }),
      ],
    ),
    ['max=abc', json(404, { error: 'HTTP 404 Not Found' })],
  ])('rejects %s', async (query, expected) => {
    expect(answerOf(await realm.api(`/admin-events?${query}`))).toEqual(expected)
  })

  it('cannot be read or cleared by a user without admin roles', async () => {
    const token = (await tokensOf(realm, (await realm.addUser('nobody'), 'nobody'))).access_token
    const url = `${realm.target.server}/admin/realms/${realm.name}/admin-events`
    expect((await send(url, { bearer: token })).status).toBe(403)
    expect((await send(url, { bearer: token, method: 'DELETE' })).status).toBe(403)
  })
})

describe('clearing the list', () => {
  it('leaves no event, not even about the clearing', async () => {
    await user()
    expect((await remove('/admin-events')).status).toBe(204)
    expect(await get('/admin-events')).toEqual([])
  })
})
