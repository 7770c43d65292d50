import { Writable } from 'node:stream'
import { type Admin, type MembershipOptions, usersWithMemberships } from '@cloakwright/admin'
import { exportUsers } from '@cloakwright/admin/files'
import KeycloakAdminClient from '@keycloak/keycloak-admin-client'
import { type KeycloakProcess, startKeycloakProcess } from './keycloak-process.ts'
import { bound, boundHead, printTable } from './report.ts'
import { inTurns, medianOf, medianRatio, type Target } from './turns.ts'

const groupCount = 20
const rounds = 3

/**
 * Listing users with their groups: by pages of users and of each group's members against a loop over the official client,
 * which asks for each user's groups.
 */
export async function benchListing(): Promise<boolean> {
  const keycloak = await startKeycloakProcess('listing')
  const uncounted = globalThis.fetch
  let requests = 0
  // Both clients call it for each request.
  globalThis.fetch = (...parameters) => {
    requests += 1
    return uncounted(...parameters)
  }
  try {
    const held: boolean[] = []
    for (const users of [1_000, 10_000]) held.push(await benchSize(keycloak, users, () => requests))
    return !held.includes(false)
  } finally {
    globalThis.fetch = uncounted
    await keycloak.stop()
  }
}

interface Listing {
  readonly users: number
  readonly inTheirGroup: number
  readonly seconds: number
  readonly requests: number
}

async function benchSize(keycloak: KeycloakProcess, users: number, sent: () => number): Promise<boolean> {
  const realm = `listing-${users}`
  const admin = keycloak.admin(realm)
  process.stderr.write(`listing: ${users} users in ${groupCount} groups\n`)
  await fill(admin, realm, users)

  const target = (name: string, list: () => AsyncIterable<Listed>): Target<Listing> => ({
    name,
    async measure() {
      const before = sent()
      const started = performance.now()
      let found = 0
      let inTheirGroup = 0
      for await (const { username, groups } of list()) {
        found += 1
        if (groups.length === 1 && groups[0] === groupOf(Number(username.slice(5)))) inTheirGroup += 1
      }
      const seconds = (performance.now() - started) / 1000
      return { users: found, inTheirGroup, seconds, requests: sent() - before }
    },
  })
  const targets = [
    target('usersWithMemberships, groups', () => ours(admin, { roles: false })),
    target('usersWithMemberships, groups, brief', () => ours(admin, { roles: false, brief: true })),
    target('usersWithMemberships, groups and roles', () => ours(admin, {})),
    target('exportUsers to CSV', () => exported(admin)),
    target('official client, listGroups per user', () => official(keycloak, realm)),
  ]
  for (const each of targets) await each.measure()
  const measured = await inTurns('listing', targets, rounds)
  const seconds = measured.map((runs) => runs.map((run) => run.seconds))
  const requests = measured.map((runs) => runs.map((run) => run.requests))
  const [pages = [], , , , loop = []] = requests
  printTable(
    `Listing ${users} users in ${groupCount} groups, on the real Keycloak, medians of ${rounds} rounds`,
    [
      ['', 'users', 'requests', 'seconds', 'users/s', '× the loop'],
      ...targets.map(({ name }, index) => [
        name,
        String(measured[index]?.[0]?.users),
        String(medianOf(requests[index])),
        medianOf(seconds[index]).toFixed(2),
        (users / medianOf(seconds[index])).toFixed(0),
        medianRatio(seconds[4], seconds[index]).toFixed(1),
      ]),
    ],
  )
  const wrong = [0, 1, 2, 4]
    .flatMap((index) => measured[index] ?? [])
    .filter((run) => run.users !== users || run.inTheirGroup !== users)
  // A page has 500 entries and starts with the last one of the previous page.
  const pagesOf = (items: number): number => Math.ceil(items / 499) + 1
  return printTable(`Limits for ${users} users`, [
    [...boundHead],
    bound(
      'requests',
      medianOf(pages),
      'at most',
      pagesOf(users) + 1 + groupCount * pagesOf(users / groupCount),
      0,
    ),
    bound('requests of the loop ÷ ours', medianRatio(loop, pages), 'at least', 40, 1),
    bound('seconds of the loop ÷ ours', medianRatio(seconds[4], seconds[0]), 'at least', 2, 1),
    bound('lists with a missing, duplicate or misplaced user', wrong.length, 'at most', 0, 0),
  ])
}

interface Listed {
  readonly username: string
  readonly groups: readonly string[]
}

async function* ours(admin: Admin, options: MembershipOptions): AsyncGenerator<Listed> {
  for await (const { username = '', groups = [] } of usersWithMemberships(admin, options))
    yield { username, groups }
}

/** Its rows are counted, not parsed. */
async function* exported(admin: Admin): AsyncGenerator<Listed> {
  const to = new Writable({ write: (_chunk, _encoding, done) => done() })
  const { users } = await exportUsers(admin, { format: 'csv', to })
  for (let user = 0; user < users; user += 1) yield { username: '', groups: [] }
}

/** As in its examples: pages of the default size, then one request per user. */
async function* official({ server, credentials }: KeycloakProcess, realm: string): AsyncGenerator<Listed> {
  const client = new KeycloakAdminClient({ baseUrl: server })
  await client.auth({ ...credentials, grantType: 'password', clientId: 'admin-cli' })
  client.setConfig({ realmName: realm })
  for (let first = 0; ; first += 100) {
    const users = await client.users.find({ first, max: 100 })
    for (const { id = '', username = '' } of users) {
      const groups = await client.users.listGroups({ id })
      yield { username, groups: groups.map(({ path = '' }) => path) }
    }
    if (users.length < 100) return
  }
}

const batch = 50

async function fill({ client }: Admin, realm: string, users: number): Promise<void> {
  const groups = Array.from({ length: groupCount }, (_, index) => ({ name: groupOf(index).slice(1) }))
  await client.realms.create({ realm, enabled: true, groups, roles: { realm: [{ name: 'reader' }] } })
  const starts = Array.from({ length: users / batch }, (_, index) => index * batch)
  const send = async (): Promise<void> => {
    for (let start = starts.shift(); start !== undefined; start = starts.shift()) {
      const first = start
      const list = Array.from({ length: batch }, (_, index) => toUser(first + index))
      await client.realms.partialImport({ realm, rep: { ifResourceExists: 'SKIP', users: list } })
    }
  }
  await Promise.all([send(), send(), send(), send()])
}

function toUser(number: number): object {
  return {
    username: `user-${number}`,
    email: `user-${number}@example.com`,
    enabled: true,
    realmRoles: ['reader'],
    groups: [groupOf(number)],
  }
}

function groupOf(number: number): string {
  return `/group-${number % groupCount}`
}
