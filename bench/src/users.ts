import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import type { Admin } from '@cloakwright/admin'
import { openUserFile } from '@cloakwright/admin/files'
import { type ImportReport, importUsers } from '@cloakwright/admin/jobs'
import KeycloakAdminClient from '@keycloak/keycloak-admin-client'
import { type KeycloakProcess, startKeycloakProcess } from './keycloak-process.ts'
import { bound, boundHead, printTable } from './report.ts'
import { inTurns, medianOf, medianRatio, type Target } from './turns.ts'

const rounds = 4
/** Of one round: 10,000 users are imported in all. */
const imported = 2_500
const looped = 500
const many = 100_000

/**
 * Users without passwords, with two roles and one group each: an import against a loop over the official client, one call
 * after the other. Then the memory of a process that imports 100,000.
 */
export async function benchUsers(): Promise<boolean> {
  const keycloak = await startKeycloakProcess('users')
  const folder = await mkdtemp(join(tmpdir(), 'cloakwright-bench-'))
  try {
    const held = [await benchSpeed(keycloak, folder), await benchMemory(keycloak, folder)]
    return !held.includes(false)
  } finally {
    await keycloak.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** The input of `users-process.mjs`. */
interface ImportTask {
  readonly server: string
  readonly credentials: { readonly username: string; readonly password: string }
  readonly realm: string
  readonly file: string
  readonly journal: string
  readonly rejected: string
}

/** The result and the peak resident memory in megabytes (10^6 bytes). */
interface ImportResult {
  readonly report: ImportReport
  readonly peak: number
}

interface Measured {
  /** Users per second of the whole job. */
  readonly whole: number
  /** Without checking the file first and reading the realm afterwards. */
  readonly making: number
}

async function benchSpeed(keycloak: KeycloakProcess, folder: string): Promise<boolean> {
  await makeRealm(keycloak.admin('loop'))
  const official = await officialClient(keycloak, 'loop')
  let next = 0
  const loop = async (): Promise<Measured> => {
    const from = next
    next += looped
    const started = performance.now()
    for (let at = from; at < next; at += 1) await createByLoop(official, 'loop', at)
    const perSecond = (1000 * looped) / (performance.now() - started)
    return { whole: perSecond, making: perSecond }
  }
  let round = 0
  const job = async (): Promise<Measured> => {
    round += 1
    const admin = keycloak.admin(`import-${round}`)
    await makeRealm(admin)
    return await importInto(admin, join(folder, `${round}.ndjson`))
  }
  const targets: readonly Target<Measured>[] = [
    { name: 'official client, sequential calls', measure: loop },
    { name: 'official client again (null test)', measure: loop },
    { name: 'importUsers', measure: job },
  ]
  const measured = await inTurns('users', targets, rounds)
  const whole = measured.map((runs) => runs.map((run) => run.whole))
  const making = (measured[2] ?? []).map((run) => run.making)
  printTable(`Users with two roles and one group each, on the real Keycloak, medians of ${rounds} rounds`, [
    ['', 'users per round', 'users/s', '× the loop'],
    ...targets.map(({ name }, index) => [
      name,
      String(index === 2 ? imported : looped),
      medianOf(whole[index]).toFixed(0),
      medianRatio(whole[index], whole[0]).toFixed(2),
    ]),
    [
      'importUsers, creation only',
      String(imported),
      medianOf(making).toFixed(0),
      medianRatio(making, whole[0]).toFixed(2),
    ],
  ])
  return printTable('Limits', [
    boundHead,
    bound('importUsers, whole job, × the loop', medianRatio(whole[2], whole[0]), 'at least', 11, 1),
    bound('importUsers, creation only, × the loop', medianRatio(making, whole[0]), 'at least', 15, 1),
  ])
}

/** Peak resident memory of a process that only imports. */
async function benchMemory(keycloak: KeycloakProcess, folder: string): Promise<boolean> {
  const realm = 'many-users'
  await makeRealm(keycloak.admin(realm))
  const task: ImportTask = {
    server: keycloak.server,
    credentials: keycloak.credentials,
    realm,
    file: await writeUsers(join(folder, 'many.ndjson'), many),
    journal: join(folder, 'many.journal'),
    rejected: join(folder, 'many.rejected'),
  }
  process.stderr.write(`users: importing ${many} users to measure memory\n`)
  const { report, peak } = await runProcess(task)
  printTable(`Importing ${many} users in a separate process`, [
    ['created', 'missing', 'differing', 'seconds', 'users/s', 'peak resident, MB'],
    [
      String(report.created),
      String(report.reconciled?.missing),
      String(report.reconciled?.differing),
      report.seconds.toFixed(0),
      (report.rows / report.seconds).toFixed(0),
      peak.toFixed(0),
    ],
  ])
  return printTable('Limits', [
    boundHead,
    bound('users created', report.created, 'at least', many, 0),
    bound('users missing or differing', wrong(report), 'at most', 0, 0),
    bound(`peak resident memory at ${many} rows, MB`, peak, 'at most', 200, 0),
  ])
}

function wrong({ reconciled }: ImportReport): number {
  return (reconciled?.missing ?? Number.NaN) + (reconciled?.differing ?? Number.NaN)
}

async function importInto(admin: Admin, path: string): Promise<Measured> {
  await writeUsers(path, imported)
  let making = 0
  const { created, seconds } = await importUsers(admin, await openUserFile(path), {
    journal: `${path}.journal`,
    rejected: `${path}.rejected`,
    onProgress({ phase, perSecond }) {
      if (phase === 'importing') making = perSecond
    },
  })
  if (created !== imported) throw new Error(`${created} of ${imported} users were created`)
  return { whole: created / seconds, making }
}

async function writeUsers(path: string, count: number): Promise<string> {
  const file = createWriteStream(path)
  for (let at = 0; at < count; at += 1) {
    const row = `${JSON.stringify({ ...person(at), realmRoles: ['reader', 'writer'], groups: ['/staff'] })}\n`
    if (!file.write(row)) await once(file, 'drain')
  }
  await finished(file.end())
  return path
}

function person(at: number): {
  username: string
  email: string
  firstName: string
  lastName: string
  enabled: true
} {
  const username = `user-${String(at).padStart(7, '0')}`
  return {
    username,
    email: `${username}@example.org`,
    firstName: 'First',
    lastName: `Last ${at}`,
    enabled: true,
  }
}

async function makeRealm({ client, realm }: Admin): Promise<void> {
  await client.realms.create({ realm, enabled: true })
  for (const name of ['reader', 'writer']) await client.roles.create({ realm, name })
  await client.groups.create({ realm, name: 'staff' })
}

interface Official {
  readonly client: KeycloakAdminClient
  readonly roles: { id: string; name: string }[]
  readonly groupId: string
}

async function officialClient({ server, credentials }: KeycloakProcess, realm: string): Promise<Official> {
  const client = new KeycloakAdminClient({ baseUrl: server })
  await client.auth({ grantType: 'password', clientId: 'admin-cli', ...credentials })
  const found = await Promise.all(
    ['reader', 'writer'].map((name) => client.roles.findOneByName({ realm, name })),
  )
  const roles = found.map((role) => ({ id: role?.id ?? '', name: role?.name ?? '' }))
  const [group] = await client.groups.find({ realm, search: 'staff' })
  return { client, roles, groupId: group?.id ?? '' }
}

/** As programs do: one call for the user, each role and the group. */
async function createByLoop({ client, roles, groupId }: Official, realm: string, at: number): Promise<void> {
  const { id } = await client.users.create({ realm, ...person(at) })
  for (const role of roles) await client.users.addRealmRoleMappings({ realm, id, roles: [role] })
  await client.users.addToGroup({ realm, id, groupId })
}

const program = fileURLToPath(new URL('./users-process.mjs', import.meta.url))

async function runProcess(task: ImportTask): Promise<ImportResult> {
  const child = spawn(process.execPath, [program, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`The import process exited with code ${code}`)
  return JSON.parse(output) as ImportResult
}
