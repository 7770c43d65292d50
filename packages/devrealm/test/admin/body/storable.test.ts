import { fromPglite, migrate } from 'cloakwright/state'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type EmbeddedDatabase, openTemporaryDatabase } from '../../../src/home/index.ts'
import { migrations } from '../../../src/index.ts'
import { type AdminTarget, openAdmin, passwordToken } from '../support.ts'

let database: EmbeddedDatabase
let target: AdminTarget
beforeAll(async () => {
  database = await openTemporaryDatabase()
  const sql = fromPglite(database.pglite)
  await migrate(sql, 'devrealm', migrations)
  target = await openAdmin('demo', { sql })
})
afterAll(async () => {
  await target.close()
  await database.close()
})

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

/** A write that the database rejects must not block other writes of the realm. */
describe('a body that cannot be stored', () => {
  it.each([
    ['NUL in an id', 'POST', '/demo/clients', '{"id":"a\\u0000b","clientId":"x"}'],
    ['NUL in a string', 'PUT', '/demo', '{"displayName":"a\\u0000b"}'],
    ['NUL in the name of an attribute', 'POST', '/demo/roles', '{"name":"r","attributes":{"\\u0000":["x"]}}'],
    ['half a surrogate pair in an id', 'POST', '/demo/clients', '{"id":"\\ud800","clientId":"y"}'],
    ['half a surrogate pair in a name', 'POST', '/demo/groups', '{"name":"a\\uDC00b"}'],
    ['nesting 200,000 deep', 'PUT', '/demo', `{"clientProfiles":${nested(200_000)}}`],
    ['nesting 200,000 deep in a realm', 'POST', '', `{"realm":"x","clientProfiles":${nested(200_000)}}`],
    [
      'subgroups 1,500 deep',
      'POST',
      '/demo/groups',
      `${'{"name":"g","subGroups":['.repeat(750)}${']}'.repeat(750)}`,
    ],
  ])('is rejected with 400, and the realm keeps working: %s', async (_, method, path, body) => {
    const refused = await target.send(method, path, body)
    expect(refused.status).toBe(400)
    expect(refused.text).not.toMatch(/SQL|statement|\b[0-9]{2}[0-9A-Z]{3}\b/)
    expect((await target.send('POST', '/demo/groups', { name: crypto.randomUUID() })).status).toBe(201)
    const { server } = target
    expect((await fetch(`${server}/realms/demo/protocol/openid-connect/certs`)).status).toBe(200)
    expect((await fetch(`${server}/health/ready`)).status).toBe(200)
    const admin = { client_id: 'admin-cli', username: 'admin', password: 'admin' }
    await expect(passwordToken(server, 'master', admin)).resolves.toEqual(expect.any(String))
  })

  it('is nested deeper than 1,000 levels, as in Keycloak', async () => {
    const groups = (depth: number) => `${'{"name":"deep","subGroups":['.repeat(depth)}${']}'.repeat(depth)}`
    expect((await target.send('POST', '/demo/groups', groups(500))).status).toBe(201)
    expect((await target.send('POST', '/demo/groups', groups(501))).text).toBe(
      '{"error":"HTTP 400 Bad Request","error_description":"Cannot parse the JSON"}',
    )
  })

  it('but a complete surrogate pair is accepted', async () => {
    expect((await target.send('POST', '/demo/groups', '{"name":"\\ud83d\\ude00"}')).status).toBe(201)
  })

  it('is rejected as a credential label, which is plain text', async () => {
    const body = { username: 'labelled', email: 'l@example.org', firstName: 'L', lastName: 'L' }
    const user = { ...body, credentials: [{ type: 'password', value: 'x' }] }
    const id = (await target.send('POST', '/demo/users', user)).location?.split('/').pop()
    const credentials = JSON.parse((await target.send('GET', `/demo/users/${id}/credentials`)).text) as {
      id: string
    }[]
    const path = `/demo/users/${id}/credentials/${credentials[0]?.id}/userLabel`
    expect((await target.send('PUT', path, 'a\0b', { contentType: 'text/plain' })).status).toBe(400)
    expect((await target.send('PUT', path, 'my label', { contentType: 'text/plain' })).status).toBe(204)
  })
})
