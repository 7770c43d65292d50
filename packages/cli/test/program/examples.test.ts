import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { deleteGroup, deleteRole, deleteUser, disableUser, enableUser } from '@cloakwright/admin'
import { createAuditTrail, headFile, ndjsonSink } from '@cloakwright/admin/audit'
import { ensureRealm, type RealmDefinition } from '@cloakwright/admin/realm'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createProgram } from '../../src/program/program.ts'
import { type RequiredRoles, requiredRoles } from '../../src/program/required-roles.ts'
import { runHere } from '../support/in-process.ts'
import { launcher, runOnTerminal, temporaryFolder } from '../support/program.ts'
import { openShop, type Shop } from '../support/shop.ts'

// Runs the examples of --help unchanged, with a service account that has exactly the roles that the help states.

vi.setConfig({ testTimeout: 60_000 })

const definition: Omit<RealmDefinition, 'realm'> = {
  adminEventsEnabled: true,
  eventsEnabled: true,
  roles: {
    realm: [{ name: 'editor' }, { name: 'reader' }],
    client: { 'shop-api': [{ name: 'stock-keeper' }] },
  },
  clients: [
    {
      clientId: 'shop-api',
      publicClient: false,
      serviceAccountsEnabled: true,
      directAccessGrantsEnabled: true,
    },
    { clientId: 'shop-web', publicClient: true, directAccessGrantsEnabled: true },
  ],
  groups: [{ name: 'staff', subGroups: [{ name: 'editors' }] }, { name: 'press' }],
  users: ['alice', 'bob', 'mallory', 'dora'].map((username) => ({
    username,
    email: `${username}@example.com`,
    firstName: 'A',
    lastName: 'B',
    password: 's3cr3t-canary',
    groups: ['/staff/editors'],
    roles: { realm: ['editor'], client: { 'shop-api': ['stock-keeper'] } },
  })),
}

interface Example {
  readonly words: string
  readonly line: string
}

function leavesOf(command: Command, words: readonly string[] = []): { words: string; command: Command }[] {
  if (command.commands.length === 0) return [{ words: words.join(' '), command }]
  return command.commands.flatMap((each) => leavesOf(each, [...words, each.name()]))
}

function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({ writeOut: (part) => (text += part) })
  command.outputHelp()
  return text
}

const leaves = leavesOf(createProgram()).filter(({ words }) =>
  /^(?:users|roles|groups|sessions|secret|audit|events) /.test(words),
)
const remote = leaves.filter(({ command }) => command.options.some(({ long }) => long === '--server'))

test.each(remote)('the help of $words states the required roles', ({ words, command }) => {
  const needed = requiredRoles[words]
  const help = helpOf(command)
  expect(help).toMatch(/Required roles of the client realm-management:\n {2}[a-z]/)
  const named = [...(needed?.roles ?? []), ...Object.entries({ ...needed?.more, ...needed?.instead }).flat(2)]
  for (const each of named) expect(help).toContain(each)
})

test('every entry of the required roles is a command', () => {
  expect(Object.keys(requiredRoles).toSorted()).toEqual(remote.map(({ words }) => words).toSorted())
})

let shop: Shop
const accounts = new Map<string, Promise<NodeJS.ProcessEnv>>()

beforeAll(async () => {
  shop = await openShop(definition, ['client-secret-rotation'])
})
afterAll(() => shop.target.close())

function rolesOf({ roles, more = {}, instead = {} }: RequiredRoles, line: string): readonly string[] {
  const has = (option: string) => line.includes(` ${option}`)
  const other = Object.entries(instead).find(([option]) => has(option))?.[1]
  const added = Object.entries(more).flatMap(([option, names]) => (has(option) ? names : []))
  return [...new Set([...(other ?? roles), ...added])].toSorted()
}

/** The variables of a service account with exactly these roles. */
function account(roles: readonly string[]): Promise<NodeJS.ProcessEnv> {
  const name = `only-${roles.join('-')}`
  const made = accounts.get(name) ?? makeAccount(name, roles)
  accounts.set(name, made)
  return made
}

async function makeAccount(clientId: string, roles: readonly string[]): Promise<NodeJS.ProcessEnv> {
  const { clients, users } = shop.admin.client
  const secret = 's3cr3t-canary'
  const { id } = await clients.create({ clientId, secret, publicClient: false, serviceAccountsEnabled: true })
  const { id: user = '' } = await clients.getServiceAccountUser({ id })
  const [management] = await clients.find({ clientId: 'realm-management' })
  const uuid = management?.id ?? ''
  const found = await Promise.all(roles.map((roleName) => clients.findRole({ id: uuid, roleName })))
  const mapped = found.map((role) => ({ id: role?.id ?? '', name: role?.name ?? '' }))
  await users.addClientRoleMappings({ id: user, clientUniqueId: uuid, roles: mapped })
  return {
    KEYCLOAK_SERVER: shop.variables['KEYCLOAK_SERVER'],
    KEYCLOAK_REALM: shop.realm,
    KEYCLOAK_CLIENT_ID: clientId,
    KEYCLOAK_CLIENT_SECRET: secret,
  }
}

/** The programs in the examples, for a shell. */
function programs(): string {
  const folder = temporaryFolder()
  const script = (name: string, text: string) =>
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  script('cloakwright', `exec ${launcher.map((word) => `'${word}'`).join(' ')} "$@"`)
  script('pass', "echo 'a-new-Passw0rd'")
  script('systemctl', 'exit 0')
  script('vault', 'cat > /dev/null')
  return folder
}

/** Creates the files of the examples in a new folder. */
async function files(words: string): Promise<string> {
  const folder = temporaryFolder()
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
  if (words !== 'users export') {
    write('people.csv', 'username,email,firstName,lastName\nerin,erin@example.com,Erin,Gray\n')
  }
  for (const name of ['leavers.csv', 'joiners.csv']) write(name, 'username\nbob\ndora\n')
  write('carol.txt', 'a-new-Passw0rd\n')
  write('.env', 'SECRET=old\n')
  mkdirSync(join(folder, 'secrets'))
  const variables = shop.variables
  if (/^(?:audit|events) /.test(words)) {
    const yesterday = () => Date.now() - 86_400_000
    const recorder = createAuditTrail({ sink: ndjsonSink(join(folder, 'trail.ndjson')), now: yesterday })
    await enableUser(shop.target.admin({ realm: shop.realm }), 'bob')
    await disableUser(shop.target.admin({ realm: shop.realm, recorder }), 'bob')
    await enableUser(
      shop.target.admin({
        realm: shop.realm,
        recorder: createAuditTrail({
          sink: ndjsonSink(join(folder, 'trail.ndjson')),
          onHead: headFile(join(folder, 'heads')),
        }),
      }),
      'bob',
    )
  }
  if (words === 'secret rotate') {
    const first = [
      'secret',
      'rotate',
      'shop-api',
      '--file',
      join(folder, 'first'),
      '--set-up-policy',
      '--yes',
    ]
    expect((await runHere(first, variables)).code).toBe(0)
  }
  if (words === 'users undo') {
    expect((await runHere(['users', 'import', join(folder, 'people.csv')], variables)).code).toBe(0)
  }
  return folder
}

async function logIn(): Promise<string> {
  const { clients, users } = shop.admin.client
  // Examples change the password and the required actions.
  const [alice] = await users.find({ username: 'alice', exact: true })
  const id = alice?.id ?? ''
  await users.update({ id }, { ...alice, requiredActions: [], enabled: true })
  await users.resetPassword({
    id,
    credential: { type: 'password', value: 's3cr3t-canary', temporary: false },
  })
  const [client] = await clients.find({ clientId: 'shop-api' })
  const { value = '' } = await clients.getClientSecret({ id: client?.id ?? '' })
  const url = `${shop.variables['KEYCLOAK_SERVER']}/realms/${shop.realm}/protocol/openid-connect/token`
  const response = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'shop-api',
      client_secret: value,
      username: 'alice',
      password: 's3cr3t-canary',
    }),
  })
  return ((await response.json()) as { session_state?: string }).session_state ?? ''
}

/** Deletes the objects that an example creates. */
async function makeRoom(): Promise<void> {
  const admin = shop.admin
  await deleteUser(admin, 'carol')
  await deleteGroup(admin, '/staff/editors')
  await deleteRole(admin, { name: 'stock-keeper', client: 'shop-api' })
}

/** Restores the realm, and the groups that an example changed. */
async function restore(): Promise<void> {
  await ensureRealm(shop.target.admin(), { ...definition, realm: shop.realm })
  const { groups, roles } = shop.admin.client
  const { id: role = '', name = '' } = (await roles.findOneByName({ name: 'editor' })) ?? {}
  for (const { id = '' } of await groups.find())
    await groups.delRealmRoleMappings({ id, roles: [{ id: role, name }] })
}

/** Placeholders in the examples. */
async function filledIn(line: string, folder: string, session: string): Promise<string> {
  const [alice] = await shop.admin.client.users.find({ username: 'alice', exact: true })
  return line
    .replaceAll(/id:[\da-f-]{36}/g, `id:${alice?.id}`)
    .replaceAll(/--session [\da-f-]{36}/g, `--session ${session}`)
    .replaceAll('/run/secrets/', `${folder}/secrets/`)
    .replaceAll('/mnt/vault/', `${folder}/`)
}

const simple = /^cloakwright (?:[^|<>'"\\]|'[^']*'|"[^"]*")*$/

function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '')
}

/** Runs in this process unless a shell is needed, which is faster. */
async function run(line: string, folder: string, variables: NodeJS.ProcessEnv) {
  const path = [programs(), process.env['PATH']].join(delimiter)
  const isAnswered = /--out|--password-file/.test(line) || !line.includes(' reset-password ')
  if (simple.test(line) && isAnswered) {
    const before = process.cwd()
    process.chdir(folder)
    try {
      const [, ...args] = wordsOf(line)
      const first = await runHere(args, { ...variables, PATH: path })
      // On a terminal, the command asks for confirmation.
      return first.stderr.includes('--yes')
        ? await runHere([...args, '--yes'], { ...variables, PATH: path })
        : first
    } finally {
      process.chdir(before)
    }
  }
  if (simple.test(line) && line.includes(' --generate')) {
    const { code, output } = await runOnTerminal(wordsOf(line).slice(1), variables)
    return { code, stdout: output, stderr: output }
  }
  return await inShell(line, folder, { ...variables, PATH: path, HOME: folder })
}

async function inShell(line: string, cwd: string, env: NodeJS.ProcessEnv) {
  const shell = spawn('bash', ['-o', 'pipefail', '-c', line], { cwd, env, timeout: 20_000 })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    shell[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text))
  shell.stdin.on('error', () => {}).end('a-new-Passw0rd\n')
  const code = await new Promise((resolve) => shell.once('close', resolve))
  return { code, ...output }
}

describe.skipIf(process.platform !== 'linux')('the examples of', () => {
  // Sending mail has a test of its own.
  const runnable = leaves.filter(({ words }) => words !== 'users send-actions')

  test.each(runnable)('$words', async ({ words, command }) => {
    const examples: Example[] = [...helpOf(command).matchAll(/^ {2}\$ (.*)$/gm)].map(([, line = '']) => ({
      words,
      line,
    }))
    expect(examples.length).toBeGreaterThan(0)
    const folder = await files(words)
    await restore()
    for (const example of examples) {
      if (words.endsWith(' create')) await makeRoom()
      const session = words.startsWith('sessions ') ? await logIn() : ''
      const line = await filledIn(example.line, folder, session)
      const own = leaves.find((each) => ` ${line} `.includes(` cloakwright ${each.words} `))?.words ?? words
      const needed = requiredRoles[own]
      const variables = needed === undefined ? shop.variables : await account(rolesOf(needed, line))
      const { code, stdout, stderr } = await run(line, folder, variables)
      // The embedded realm does not store user events.
      const isSilent = / > | >> |--out |--logins/.test(line)
      expect({ line: example.line, code, stderr: code === 0 ? '' : stderr }).toEqual({
        line: example.line,
        code: 0,
        stderr: '',
      })
      if (!isSilent)
        expect({ line: example.line, finds: stdout !== '' }).toEqual({ line: example.line, finds: true })
    }
  })
})
