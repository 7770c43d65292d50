import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, json, secondsLeft } from '../src/expect.ts'
import { granted, tokensOf } from '../src/grants.ts'
import { type Send, send } from '../src/http.ts'
import { openRealm } from '../src/realm.ts'

const realm = await openRealm()
const adminUrl = `${realm.target.server}/admin/realms`
afterAll(() => realm.close())

const unauthorized = json(401, { error: 'HTTP 401 Unauthorized' })
const forbidden = json(403, { error: 'HTTP 403 Forbidden' })
let bob: string
beforeAll(async () => {
  await realm.addUser('bob', { roles: ['admin'] })
  bob = (await tokensOf(realm, 'bob')).access_token
})

describe('without a valid access token', () => {
  it.each<[string, Send]>([
    ['no token', {}],
    ['junk', { bearer: 'junk' }],
    ['a malformed JWT', { bearer: 'a.b.c' }],
    ['another scheme', { basic: ['admin', 'admin'] }],
  ])('the Admin API returns 401: %s', async (_, request) => {
    expect(answerOf(await send(`${adminUrl}/${realm.name}/users`, request))).toEqual(unauthorized)
    expect(answerOf(await send(adminUrl, request))).toEqual(unauthorized)
  })

  it('the Admin API returns 401 for an ID token', async () => {
    const { id_token } = await tokensOf(realm, 'bob')
    expect(answerOf(await send(`${adminUrl}/${realm.name}/users`, { bearer: id_token }))).toEqual(
      unauthorized,
    )
  })

  it('the Admin API returns 401 for a refresh token', async () => {
    const { refresh_token } = await tokensOf(realm, 'bob')
    expect(answerOf(await send(`${adminUrl}/${realm.name}/users`, { bearer: refresh_token }))).toEqual(
      unauthorized,
    )
  })

  it('the Admin API returns 401 for a token whose session has ended', async () => {
    const tokens = await tokensOf(realm, 'bob')
    await realm.api(`/sessions/${tokens.session_state}`, { method: 'DELETE' })
    const reply = await send(`${adminUrl}/${realm.name}/users`, { bearer: tokens.access_token })
    expect(answerOf(reply)).toEqual(unauthorized)
  })
})

describe('a realm role named admin does not make a user an administrator', () => {
  it.each<[string, string, unknown?]>([
    ['', 'GET'],
    ['/users', 'GET'],
    ['/users/count', 'GET'],
    ['/users/no-such-user', 'GET'],
    ['/clients', 'GET'],
    ['/clients/no-such-client', 'GET'],
    ['/roles', 'GET'],
    ['/groups', 'GET'],
    ['/users', 'POST', { username: 'intruder' }],
    ['/roles', 'POST', { name: 'intruder' }],
    ['/groups', 'POST', { name: 'intruder' }],
    ['/clients', 'POST', { clientId: 'intruder' }],
    ['', 'PUT', { enabled: false }],
    ['', 'DELETE'],
  ])('%j %s returns 403', async (path, method, body) => {
    const reply = await send(`${adminUrl}/${realm.name}${path}`, {
      method,
      bearer: bob,
      ...(body !== undefined && { json: body }),
    })
    expect(answerOf(reply)).toEqual(forbidden)
  })

  it('an invalid body is reported before the missing permission', async () => {
    const reply = await send(`${adminUrl}/${realm.name}/users`, { bearer: bob, json: { nope: 1 } })
    const error =
      'Invalid json representation for UserRepresentation. Unrecognized field "nope" at line 1 column 10.'
    expect(answerOf(reply)).toEqual(json(400, { error }))
  })

  it.each<[string, string, unknown?]>([
    ['the list of realms', ''],
    ['creating a realm', '', { realm: 'intruder' }],
    ['the users of master', '/master/users'],
  ])('nor gives access outside the realm: %s', async (_, path, body) => {
    const reply = await send(`${adminUrl}${path}`, { bearer: bob, ...(body !== undefined && { json: body }) })
    expect(answerOf(reply)).toEqual(forbidden)
  })
})

describe('roles of realm-management', () => {
  let holders = 0

  /** A user who holds these roles of the realm's own management client. */
  const holder = async (...roles: string[]) => {
    holders += 1
    const name = `holder-${holders}`
    const id = await realm.addUser(name)
    const [management] = (await realm.api('/clients?clientId=realm-management')).json()
    for (const role of roles) {
      const granted = (await realm.api(`/clients/${management.id}/roles/${role}`)).json()
      await realm.api(`/users/${id}/role-mappings/clients/${management.id}`, { json: [granted] })
    }
    return (await tokensOf(realm, name)).access_token
  }

  it('view-users allows reading users, not changing them', async () => {
    const bearer = await holder('view-users')
    expect((await send(`${adminUrl}/${realm.name}/users`, { bearer })).status).toBe(200)
    const write = await send(`${adminUrl}/${realm.name}/users`, { bearer, json: { username: 'nobody' } })
    expect(answerOf(write)).toEqual(forbidden)
    expect(answerOf(await send(`${adminUrl}/${realm.name}/clients`, { bearer }))).toEqual(forbidden)
  })

  it('manage-users allows changing users, not clients', async () => {
    const bearer = await holder('manage-users')
    const write = await send(`${adminUrl}/${realm.name}/users`, {
      bearer,
      json: { username: 'made-by-holder' },
    })
    expect(write.status).toBe(201)
    const client = await send(`${adminUrl}/${realm.name}/clients`, { bearer, json: { clientId: 'x' } })
    expect(answerOf(client)).toEqual(forbidden)
  })

  it('view-realm allows reading roles, not the users and groups that have a role', async () => {
    const bearer = await holder('view-realm')
    const get = async (path: string) => await send(`${adminUrl}/${realm.name}/roles/user${path}`, { bearer })
    expect((await get('')).status).toBe(200)
    for (const path of ['/users', '/groups']) expect(answerOf(await get(path))).toEqual(forbidden)
  })

  it('reading client role mappings needs view-users and view-clients', async () => {
    const [account] = (await realm.api('/clients?clientId=account')).json()
    const user = await realm.addUser('mapped')
    await realm.api('/groups', { json: { name: 'mapped' } })
    const [group] = (await realm.api('/groups?search=mapped')).json()
    const statuses = async (bearer: string) => {
      const found: number[] = []
      for (const of of [`users/${user}`, `groups/${group.id}`]) {
        for (const part of ['', '/composite', '/available']) {
          const path = `/${of}/role-mappings/clients/${account.id}${part}`
          found.push((await send(`${adminUrl}/${realm.name}${path}`, { bearer })).status)
        }
      }
      return found
    }
    const one = [403, 403, 200]
    expect(await statuses(await holder('view-users'))).toEqual([...one, ...one])
    expect(await statuses(await holder('view-users', 'view-clients'))).toEqual(Array(6).fill(200))
    expect(await statuses(await holder('view-clients'))).toEqual(Array(6).fill(403))
  })

  it('changing composites needs permission to change both roles', async () => {
    const [account] = (await realm.api('/clients?clientId=account')).json()
    const ofClient = (await realm.api(`/clients/${account.id}/roles/view-profile`)).json()
    await realm.api('/roles', { json: { name: 'composed' } })
    const ofRealm = (await realm.api('/roles/composed')).json()
    const statuses = async (bearer: string) => {
      const found: number[] = []
      for (const [path, part] of [
        ['/roles/composed', ofClient],
        [`/clients/${account.id}/roles/manage-account`, ofRealm],
      ]) {
        for (const method of ['POST', 'DELETE']) {
          const url = `${adminUrl}/${realm.name}${path}/composites`
          found.push((await send(url, { bearer, method, json: [{ id: part.id, name: part.name }] })).status)
        }
      }
      return found
    }
    expect(await statuses(await holder('manage-realm'))).toEqual([403, 403, 403, 403])
    expect(await statuses(await holder('manage-clients'))).toEqual([403, 403, 403, 403])
    expect(await statuses(await holder('manage-realm', 'manage-clients'))).toEqual([204, 204, 204, 204])
  })

  it('realm-admin allows everything in its own realm and nothing in another', async () => {
    const bearer = await holder('realm-admin')
    expect(
      (await send(`${adminUrl}/${realm.name}/roles`, { bearer, json: { name: 'made-by-holder' } })).status,
    ).toBe(201)
    expect(answerOf(await send(`${adminUrl}/master/users`, { bearer }))).toEqual(forbidden)
    expect(answerOf(await send(adminUrl, { bearer, json: { realm: 'x' } }))).toEqual(forbidden)
  })
})

describe('the administrator of master', () => {
  it('gets a lightweight token from the client admin-cli, without subject or roles', async () => {
    const { username, password } = realm.target.admin
    const form = { grant_type: 'password', client_id: 'admin-cli', username, password }
    const tokens = granted(
      await send(`${realm.target.server}/realms/master/protocol/openid-connect/token`, { form }),
    )
    const claims = JSON.parse(Buffer.from(tokens.access_token.split('.')[1], 'base64url').toString())
    expect(Object.keys(claims)).toEqual(['exp', 'iat', 'jti', 'iss', 'typ', 'azp', 'sid', 'scope'])
    expect(claims.jti).toMatch(/^onltro:/)
    expect(tokens.expires_in).toEqual(secondsLeft(60))
  })

  it('can use a token on a realm that was created after the token', async () => {
    const bearer = await realm.admin.token()
    const name = `${realm.name}-later`
    expect((await send(adminUrl, { bearer, json: { realm: name, enabled: true } })).status).toBe(201)
    const reply = await send(`${adminUrl}/${name}/users`, { bearer })
    await send(`${adminUrl}/${name}`, { bearer, method: 'DELETE' })
    expect(answerOf(reply)).toEqual(json(200, []))
  })

  it('gets 404 for a path that does not exist', async () => {
    expect(answerOf(await realm.api('/no-such-thing'))).toEqual(json(404, { error: 'HTTP 404 Not Found' }))
  })

  it('gets 405 for a method that the path does not support', async () => {
    const reply = await realm.api('', { method: 'PATCH', json: {} })
    expect(answerOf(reply)).toEqual(json(405, { error: 'HTTP 405 Method Not Allowed' }))
  })
})
