import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Admin,
  disableUser,
  ensureUser,
  grantRoles,
  setGroups,
  updateUser,
  users,
  usersWithMemberships,
} from '@cloakwright/admin'
import { openUserFile } from '@cloakwright/admin/files'
import { importUsers } from '@cloakwright/admin/jobs'
import KeycloakAdminClient from '@keycloak/keycloak-admin-client'
import { type KeycloakProcess, startKeycloakProcess } from './keycloak-process.ts'
import { bound, boundHead, printTable } from './report.ts'
import { inTurns, medianOf, medianRatio } from './turns.ts'

const rounds = 3
const listed = 1_000
const groupCount = 20
const realm = 'calls'

/** The measurements of one way to do a task. */
interface Cost {
  readonly requests: number
  readonly seconds: number
  /** Whether the result was right. */
  readonly isRight: boolean
}

/** A task with both clients. Both find users, roles and groups by name. */
interface Task {
  readonly name: string
  readonly official: () => Promise<boolean>
  readonly ours: () => Promise<boolean>
}

/**
 * The cost of tasks with the official client, used as documented, and with the toolkit: requests and time on the real Keycloak.
 */
export async function benchCalls(): Promise<boolean> {
  const keycloak = await startKeycloakProcess('calls')
  const folder = await mkdtemp(join(tmpdir(), 'cloakwright-bench-'))
  const uncounted = globalThis.fetch
  let requests = 0
  // Both clients call it for each request.
  globalThis.fetch = (...parameters) => {
    requests += 1
    return uncounted(...parameters)
  }
  const cost = async (work: () => Promise<boolean>): Promise<Cost> => {
    const [before, began] = [requests, performance.now()]
    const isRight = await work()
    return { requests: requests - before, seconds: (performance.now() - began) / 1000, isRight }
  }
  try {
    const admin = keycloak.admin(realm)
    await fill(admin)
    const client = await officialClient(keycloak)
    const rows: string[][] = []
    let wrong = 0
    for (const { name, official, ours } of tasks(client, admin, folder)) {
      const targets = [
        { name: 'official', measure: () => cost(official) },
        { name: 'ours', measure: () => cost(ours) },
      ]
      process.stderr.write(`calls: ${name}\n`)
      // The first round warms up Keycloak.
      const measured = await inTurns('calls', targets, rounds + 1)
      const [theirs = [], own = []] = measured.map((runs) => runs.slice(1))
      const seconds = [theirs, own].map((runs) => runs.map((run) => run.seconds))
      const counts = [theirs, own].map((runs) => medianOf(runs.map((run) => run.requests)))
      const ratio = medianRatio(seconds[0], seconds[1])
      wrong += [...theirs, ...own].filter(({ isRight }) => !isRight).length
      rows.push([
        name,
        String(counts[0]),
        milliseconds(seconds[0]),
        String(counts[1]),
        milliseconds(seconds[1]),
        ratio.toFixed(1),
      ])
    }
    printTable(`Cost of tasks on the real Keycloak, medians of ${rounds} rounds`, [
      ['', 'official client: requests', 'ms', 'toolkit: requests', 'ms', 'official ms ÷ toolkit ms'],
      ...rows,
    ])
    return printTable('Limits', [[...boundHead], bound('tasks with a wrong result', wrong, 'at most', 0, 0)])
  } finally {
    globalThis.fetch = uncounted
    await rm(folder, { recursive: true, force: true })
    await keycloak.stop()
  }
}

function milliseconds(seconds: readonly number[] = []): string {
  return (medianOf(seconds) * 1000).toFixed(0)
}

function tasks(client: KeycloakAdminClient, admin: Admin, folder: string): Task[] {
  let made = 0
  const next = (): string => `new-${(made += 1)}`
  const find = async (username: string) => (await client.users.find({ username, exact: true }))[0]?.id ?? ''
  const roleOf = async (name: string) => {
    const role = await client.roles.findOneByName({ name })
    return { id: role?.id ?? '', name }
  }
  const groupOf = async (path: string) =>
    (await client.groups.find({ search: path.slice(1), exact: true }))[0]?.id ?? ''
  const create = async (
    username: string,
    roles: readonly { id: string; name: string }[],
    groupId: string,
  ) => {
    const { id } = await client.users.create({ username, enabled: true, email: `${username}@example.com` })
    await client.users.addRealmRoleMappings({ id, roles: [...roles] })
    await client.users.addToGroup({ id, groupId })
  }
  const wanted = (username: string) => ({
    username,
    email: `${username}@example.com`,
    roles: { realm: ['reader', 'writer'] },
    groups: ['/group-1'],
  })
  let imported = 0
  // Both add a thousand users to new roles and a new group: the import reads all of their members afterwards.
  const kinds = () => {
    imported += 1
    return { roles: [`first-${imported}`, `second-${imported}`] as const, group: `/import-${imported}` }
  }
  const pages = async function* () {
    for (let first = 0; ; first += 100) {
      const page = await client.users.find({ first, max: 100 })
      yield* page
      if (page.length < 100) return
    }
  }
  const count = async (list: AsyncIterable<unknown>) => {
    let found = 0
    for await (const _ of list) found += 1
    return found === listed
  }

  return [
    {
      name: `list ${listed} users`,
      official: () => count(pages()),
      ours: () => count(users(admin)),
    },
    {
      name: `list ${listed} users with their groups`,
      official: () =>
        count(
          (async function* () {
            for await (const { id = '' } of pages()) yield await client.users.listGroups({ id })
          })(),
        ),
      ours: () => count(usersWithMemberships(admin, { roles: false })),
    },
    {
      name: 'create one user with two roles and a group',
      official: async () => {
        const [reader, writer, group] = await Promise.all([
          roleOf('reader'),
          roleOf('writer'),
          groupOf('/group-1'),
        ])
        await create(next(), [reader, writer], group)
        return true
      },
      ours: async () => (await ensureUser(admin, wanted(next()))).changes.length > 0,
    },
    {
      name: `create ${listed} users with two roles and a group`,
      official: async () => {
        const { roles, group } = kinds()
        const [first, second, groupId] = await Promise.all([
          roleOf(roles[0]),
          roleOf(roles[1]),
          groupOf(group),
        ])
        for (let index = 0; index < listed; index += 1) await create(next(), [first, second], groupId)
        return true
      },
      ours: async () => {
        const { roles, group } = kinds()
        const path = join(folder, next())
        const rows = Array.from({ length: listed }, () => JSON.stringify(toRow(next(), roles, group)))
        await writeFile(`${path}.ndjson`, rows.join('\n'))
        const files = { journal: `${path}.journal`, rejected: `${path}.rejected` }
        const report = await importUsers(admin, await openUserFile(`${path}.ndjson`), files)
        return report.created === listed && report.reconciled?.missing === 0
      },
    },
    {
      name: 'change a name and keep all other fields',
      official: async () => {
        const id = await find('user-1')
        const user = await client.users.findOne({ id })
        await client.users.update({ id }, { ...user, firstName: next() })
        return true
      },
      ours: async () => (await updateUser(admin, 'user-2', { firstName: next() })).length === 1,
    },
    {
      name: 'add two roles that the user already has',
      official: async () => {
        const [id, reader, writer] = await Promise.all([find('user-3'), roleOf('reader'), roleOf('writer')])
        await client.users.addRealmRoleMappings({ id, roles: [reader, writer] })
        return true
      },
      ours: async () => (await grantRoles(admin, 'user-3', { realm: ['reader', 'writer'] })).length === 0,
    },
    {
      name: 'move a user to one other group',
      official: async () => {
        const [id, groupId] = await Promise.all([
          find('user-4'),
          groupOf(made % 2 === 0 ? '/group-2' : '/group-3'),
        ])
        const held = await client.users.listGroups({ id })
        for (const group of held) await client.users.delFromGroup({ id, groupId: group.id ?? '' })
        await client.users.addToGroup({ id, groupId })
        return next() !== ''
      },
      ours: async () => {
        const path = made % 2 === 0 ? '/group-2' : '/group-3'
        await setGroups(admin, 'user-5', [path])
        return next() !== ''
      },
    },
    {
      name: 'disable a user and end all sessions',
      official: async () => {
        const id = await find('user-6')
        await client.users.update({ id }, { enabled: false })
        await client.users.logout({ id })
        return true
      },
      ours: async () => {
        await disableUser(admin, 'user-7')
        return true
      },
    },
  ]
}

function toRow(username: string, roles: readonly string[], group: string): object {
  return {
    username,
    email: `${username}@example.com`,
    enabled: true,
    realmRoles: roles,
    groups: [group],
  }
}

async function officialClient({ server, credentials }: KeycloakProcess): Promise<KeycloakAdminClient> {
  const client = new KeycloakAdminClient({ baseUrl: server })
  await client.auth({ ...credentials, grantType: 'password', clientId: 'admin-cli' })
  client.setConfig({ realmName: realm })
  return client
}

const batch = 50

async function fill({ client }: Admin): Promise<void> {
  const imports = Array.from({ length: 2 * (rounds + 1) }, (_, index) => index + 1)
  const groups = [
    ...Array.from({ length: groupCount }, (_, index) => ({ name: `group-${index}` })),
    ...imports.map((each) => ({ name: `import-${each}` })),
  ]
  const names = ['reader', 'writer', ...imports.flatMap((each) => [`first-${each}`, `second-${each}`])]
  const roles = { realm: names.map((name) => ({ name })) }
  await client.realms.create({ realm, enabled: true, groups, roles })
  for (let start = 0; start < listed; start += batch) {
    const made = Array.from({ length: batch }, (_, index) =>
      toRow(`user-${start + index}`, ['reader', 'writer'], `/group-${(start + index) % groupCount}`),
    )
    await client.realms.partialImport({ realm, rep: { ifResourceExists: 'SKIP', users: made } })
  }
}
