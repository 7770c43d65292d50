import { readFile } from 'node:fs/promises'
import { type Admin, all, importUsers } from '@cloakwright/admin'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTarget, type Target } from '../support/target.ts'
import { fileOf, jobFiles, makeRealm, person } from '../support/users.ts'

let target: Target
let admin: Admin

beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())
beforeEach(async () => {
  target.proxy.reset()
  admin = target.admin({ realm: target.realmName() })
  await makeRealm(admin)
})

async function userNames(): Promise<string[]> {
  const { client, realm } = admin
  return (await all((page) => client.users.find({ realm, briefRepresentation: true, ...page }))).map(
    ({ username }) => username ?? '',
  )
}

async function userOf(username: string): Promise<{ user: object; roles: string[]; groups: string[] }> {
  const { client, realm } = admin
  const [user] = await client.users.find({ realm, username, exact: true })
  const id = user?.id ?? ''
  const mappings = await client.users.listRoleMappings({ realm, id })
  const ofClients = Object.entries(mappings.clientMappings ?? {}).flatMap(([clientId, { mappings: roles }]) =>
    (roles as { name: string }[]).map(({ name }) => `${clientId}/${name}`),
  )
  const groups = await client.users.listGroups({ realm, id })
  return {
    user: user ?? {},
    roles: [...(mappings.realmMappings ?? []).map(({ name }) => name ?? ''), ...ofClients].toSorted(),
    groups: groups.map(({ path }) => path ?? '').toSorted(),
  }
}

async function deadLetters(path: string): Promise<{ line: number; reason: string; row: unknown }[]> {
  const text = await readFile(path, 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { line: number; reason: string; row: unknown })
}

describe('an import', () => {
  test('makes each user with roles, groups, and what the realm gives to each new one', async () => {
    const files = await jobFiles()
    const file = fileOf(120, (at) => ({ ...person(at), clientRoles: { shop: ['buyer'] } }))
    const report = await importUsers(admin, file, files)
    expect(report).toMatchObject({
      rows: 120,
      created: 120,
      present: 0,
      existing: 0,
      failed: 0,
      reconciled: { checked: 120, missing: 0, differing: 0, lines: [] },
    })
    expect(await userNames()).toEqual(Array.from({ length: 120 }, (_, at) => person(at).username))
    const made = await userOf('user-000007')
    expect(made.user).toMatchObject({ enabled: true, email: 'user-000007@example.org', lastName: 'Last 7' })
    expect(made.roles).toEqual([`default-roles-${admin.realm}`, 'reader', 'shop/buyer', 'writer'])
    expect(made.groups).toEqual(['/everyone', '/staff'])
  })
})
