import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RealmDefinition } from '@cloakwright/admin/realm'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createProgram } from '../../src/program/program.ts'
import { runHere } from '../support/in-process.ts'
import { runCli, temporaryFolder } from '../support/program.ts'
import { openShop, type Shop } from '../support/shop.ts'

// Runs the commands that `cloakwright --help` prints for common tasks.

vi.setConfig({ testTimeout: 90_000 })

const definition: Omit<RealmDefinition, 'realm'> = {
  adminEventsEnabled: true,
  roles: { realm: [{ name: 'editor' }, { name: 'chief', composites: { realm: ['editor'] } }] },
  clients: [
    { clientId: 'shop-api', publicClient: false, serviceAccountsEnabled: true },
    { clientId: 'shop-web', publicClient: true, directAccessGrantsEnabled: true },
  ],
  groups: [{ name: 'staff', subGroups: [{ name: 'night' }] }],
  users: [
    ...['alice', 'bob', 'mallory'].map((username) => ({
      username,
      email: `${username}@example.com`,
      firstName: 'A',
      lastName: 'B',
      password: 's3cr3t-canary',
    })),
    { username: 'nina', groups: ['/staff/night'] },
    { username: 'carol', roles: { realm: ['chief'] } },
  ],
}

let shop: Shop
let commands: ReadonlyMap<string, string>

beforeAll(async () => {
  shop = await openShop(definition, ['client-secret-rotation'])
  let help = ''
  const program = createProgram().configureOutput({ writeOut: (part) => (help += part) })
  program.outputHelp()
  const printed = help.matchAll(/^ {2}(\S.*):\n {4}\$ cloakwright (.*)$/gm)
  commands = new Map([...printed].map(([, task = '', command = '']) => [task, command]))
})
afterAll(() => shop.target.close())

let folder: string
beforeEach(() => {
  folder = temporaryFolder()
})

/** The printed command of a task, with files in this test's folder and this test's realms. */
function printed(task: string, realms: Readonly<Record<string, string>> = {}): string[] {
  const command = commands.get(task)
  if (command === undefined) throw new Error(`--help has no task "${task}"`)
  return command
    .split(' ')
    .map((word) => (/^[\w-]+\.(?:csv|json|ndjson|secret)$/.test(word) ? join(folder, word) : word))
    .map((word) => realms[word] ?? word)
}

async function run(args: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<string> {
  const { code, stdout, stderr } = await runHere(args, { ...shop.variables, ...variables })
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`)
  return stdout
}

async function login(username: string, password: string): Promise<string> {
  const url = `${shop.target.proxy.url}/realms/${shop.realm}/protocol/openid-connect/token`
  const form = { grant_type: 'password', client_id: 'shop-web', username, password }
  const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(form) })
  return ((await answer.json()) as { error_description?: string }).error_description ?? 'signed in'
}

test('find a user by e-mail address', async () => {
  expect(await run(printed('Find a user by e-mail address'))).toContain('username\talice\n')
})

test("reset a user's password", async () => {
  const input = 'canary-another\n'
  const { code } = await runCli(printed("Reset a user's password"), shop.variables, input)
  expect(code).toBe(0)
  expect(await login('alice', 's3cr3t-canary')).toBe('Invalid user credentials')
  expect(await login('alice', 'canary-another')).toBe('Account is not fully set up')
})

test('give a role to everyone in a group, then list everyone who has it, and why', async () => {
  await run(printed('Give a role to everyone in a group'))
  const lines = (await run(printed('List everyone who has a role, and why'))).trimEnd().split('\n')
  expect(lines.map((line) => line.split('\t')).map(([name, , , , how]) => `${name}: ${how}`)).toEqual([
    'carol: by role chief > editor',
    'nina: by group /staff, in /staff/night',
  ])
})

test('disable the users of a file', async () => {
  writeFileSync(join(folder, 'leavers.csv'), 'username\nmallory\n')
  expect(await login('mallory', 's3cr3t-canary')).toBe('signed in')
  const args = printed('Disable the users of a file')
  // The command asks for confirmation, and the test has no terminal.
  await run([...args, '--yes'])
  expect(await login('mallory', 's3cr3t-canary')).toBe('Account disabled')
})

test("rotate a client's secret without downtime", async () => {
  const args = printed("Rotate a client's secret without downtime")
  await run([...args, '--yes'])
  const secret = readFileSync(join(folder, 'shop-api.secret'), 'utf8').trim()
  const url = `${shop.target.proxy.url}/realms/${shop.realm}/protocol/openid-connect/token`
  const form = { grant_type: 'client_credentials', client_id: 'shop-api', client_secret: secret }
  expect((await fetch(url, { method: 'POST', body: new URLSearchParams(form) })).status).toBe(200)
})

describe('list recent changes', () => {
  test('from an audit trail', async () => {
    const trail = join(folder, 'trail.ndjson')
    await run(['users', 'disable', 'bob', '--reason', 'left'], { CLOAKWRIGHT_AUDIT: trail })
    const list = await run(printed('List recent changes from an audit trail'))
    expect(list).toContain('bob')
    expect(list).toContain('left')
  })

  test("from Keycloak's events", async () => {
    expect(await run(printed("List recent changes from Keycloak's events"))).toMatch(/user/i)
  })
})

test('compare production with staging, then apply staging to production', async () => {
  const production = shop.target.realmName()
  await shop.target.admin().client.realms.create({ realm: production, enabled: true })
  const realms = { staging: shop.realm, production }
  await run(printed('Export the realm staging', realms))
  const plan = () => runHere(printed('Compare production with staging', realms), shop.variables)
  const different = await plan()
  expect(different.code).toBe(2)
  expect(different.stdout).toContain('group /staff')
  await run(printed('Apply staging to production', realms))
  expect((await plan()).code).toBe(0)
})

test('the help lists eleven tasks', () => {
  expect(commands.size).toBe(11)
})
