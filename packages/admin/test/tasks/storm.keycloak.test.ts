import {
  addToGroups,
  type Change,
  disableUser,
  enableUser,
  ensureGroup,
  ensureRole,
  ensureUser,
  findUser,
  grantRoles,
  moveGroup,
  removeFromGroups,
  requireMfa,
  revokeRoles,
  setGroups,
  updateUser,
} from '@cloakwright/admin'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTaskRealm, type TaskRealm } from '../support/realm.ts'
import { openTarget, type Target } from '../support/target.ts'

let target: Target

beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const users = Array.from({ length: 20 }, (_, index) => `user-${index}`)
const roles = { realm: ['user', 'auditor'], client: { 'shop-api': ['editor', 'reader'] } }

/** Some 200 calls, several at once: what an operator does in a week. */
async function scenario({ admin }: TaskRealm): Promise<readonly Change[]> {
  const changes: Change[] = []
  const did = async (task: Promise<readonly Change[] | { changes: readonly Change[] }>): Promise<void> => {
    const given = await task
    changes.push(...('changes' in given ? given.changes : given))
  }
  await did(ensureRole(admin, { name: 'reader', client: 'shop-api', composites: { realm: ['user'] } }))
  await did(
    ensureRole(admin, { name: 'lead', attributes: { level: ['2'] }, composites: { realm: ['admin'] } }),
  )
  for (const name of ['north', 'south', 'east'])
    await did(
      ensureGroup(admin, `/regions/${name}`, { attributes: { name: [name] }, roles: { realm: ['user'] } }),
    )
  await inFours(users, async (username) => {
    const user = { username, email: `${username}@example.org`, firstName: 'First', lastName: username }
    await did(ensureUser(admin, { ...user, roles: { realm: ['admin'] }, groups: ['/guests'] }))
    await did(grantRoles(admin, username, roles))
    await did(revokeRoles(admin, username, { realm: ['admin'] }))
    await did(setGroups(admin, username, ['/regions/north', '/staff']))
    await did(addToGroups(admin, username, ['/staff/editors']))
    await did(removeFromGroups(admin, username, ['/staff']))
    await did(requireMfa(admin, username))
    await did(disableUser(admin, username))
    await did(enableUser(admin, username))
    await Promise.all(
      ['one', 'two'].map((key) => did(updateUser(admin, username, { attributes: { [key]: [key] } }))),
    )
  })
  await did(moveGroup(admin, '/regions/east', '/staff'))
  await did(moveGroup(admin, '/staff/editors', '/'))
  return changes
}

async function inFours<T>(all: readonly T[], run: (each: T) => Promise<void>): Promise<void> {
  const waiting = [...all]
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await run(next)
  }
  await Promise.all(Array.from({ length: 4 }, worker))
}

/** All that the scenario touches, without ids. */
async function stateOf({ admin, realm }: TaskRealm): Promise<unknown> {
  const { client } = admin
  const listed = await client.users.find({ max: 1000 })
  const groups = await client.groups.find({ search: '', populateHierarchy: true, max: 1000 } as never)
  const states = await Promise.all(
    listed.map(
      async ({ id = '', username, email, enabled, firstName, lastName, attributes, requiredActions }) => {
        const { realmMappings = [], clientMappings = {} } = await client.users.listRoleMappings({ id })
        const mappings = Object.values(clientMappings) as { mappings: { name: string }[] }[]
        const roleNames = [...realmMappings, ...mappings.flatMap((each) => each.mappings)].map(
          ({ name }) => name,
        )
        const paths = (await client.users.listGroups({ id })).map(({ path }) => path)
        const user = { username, email, enabled, firstName, lastName, attributes, requiredActions }
        return {
          ...user,
          roles: roleNames.map((name) => name?.replace(realm, '')).toSorted(),
          paths: paths.toSorted(),
        }
      },
    ),
  )
  return {
    users: states.toSorted((a, b) => String(a.username).localeCompare(String(b.username))),
    groups: namesOf(groups),
    roles: (await client.roles.find({ max: 1000 })).map(({ name }) => name?.replace(realm, '')).toSorted(),
  }
}

function namesOf(groups: readonly { path?: string; subGroups?: readonly object[] }[]): unknown {
  return groups.flatMap(({ path, subGroups = [] }) => [path, namesOf(subGroups as never)])
}

const inOrder = (changes: readonly Change[], realm: string) =>
  changes
    .map(({ action, kind, name, fields }) =>
      `${action} ${kind} ${name} ${fields.toSorted().join(' ')}`.replaceAll(realm, ''),
    )
    .toSorted()

test('faults on one request in twenty leave the same state behind, and nothing doubled', async () => {
  const [calm, stormy] = [await openTaskRealm(target), await openTaskRealm(target)]
  const expected = await scenario(calm)
  const wanted = await stateOf(calm)

  const { recorder } = stormy.admin
  const timeout = 3_000
  const admin = target.admin({ realm: stormy.realm, timeout, ...(recorder && { recorder }) })
  stormy.recorded()
  target.proxy.reset()
  target.proxy.storm({ share: 0.05, seed: 20 })
  const changes = await scenario({ ...stormy, admin })
  const [faults, requests] = [target.proxy.faults(), target.proxy.seen.length]
  target.proxy.reset()

  expect(faults).toBeGreaterThan(requests * 0.02)
  expect(await stateOf(stormy)).toEqual(wanted)
  expect(inOrder(stormy.recorded(), stormy.realm)).toEqual(inOrder(changes, stormy.realm))
  expect(inOrder(changes, stormy.realm)).toEqual(inOrder(expected, calm.realm))
  // Again, in calm weather: all but what undoes itself was done.
  expect((await ensureUser(stormy.admin, { username: 'user-0', lastName: 'user-0', roles })).changes).toEqual(
    [],
  )
  expect(await findUser(stormy.admin, 'user-19')).toMatchObject({
    attributes: { one: ['one'], two: ['two'] },
  })
}, 180_000)
