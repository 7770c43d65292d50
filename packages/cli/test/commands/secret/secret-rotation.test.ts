import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSecretStatus } from '@cloakwright/admin/secrets'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { runHere } from '../../support/in-process.ts'
import { startCli, temporaryFolder } from '../../support/program.ts'
import { openShop, type Shop } from '../../support/shop.ts'

const old = 'canary-first-secret'

// Each of them starts many processes.
vi.setConfig({ testTimeout: 90_000 })

let shop: Shop
let isOn: boolean

beforeAll(async () => {
  shop = await openShop({}, ['client-secret-rotation'])
  const { overlap } = await readSecretStatus(shop.admin, await newClient())
  isOn = overlap.possible || overlap.missing !== 'feature'
})
beforeEach(() => void shop.writes())
afterAll(() => shop.target.close())

let count = 0
async function newClient(): Promise<string> {
  const clientId = `service-${(count += 1)}`
  await shop.admin.client.clients.create({
    clientId,
    secret: old,
    publicClient: false,
    serviceAccountsEnabled: true,
  })
  return clientId
}

async function isAccepted(clientId: string, secret: string): Promise<boolean> {
  const answer = await fetch(`${shop.target.proxy.url}/realms/${shop.realm}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: secret,
    }),
  })
  return answer.ok
}

test('refuses a rotation without delivery, confirmation or overlap, and changes nothing', async () => {
  const client = await newClient()
  const file = join(temporaryFolder(), 'secret')
  const rotate = ['secret', 'rotate', client]
  shop.writes()
  expect(await shop.run(...rotate)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--environment-file'),
  })
  expect(await shop.run(...rotate, '--file', file)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--yes'),
  })
  const { code, stderr } = await shop.run(...rotate, '--file', file, '--yes')
  expect(stderr).toMatch(/CW_SECRET_OVERLAP_MISSING[^]*--to-private-key[^]*--allow-downtime/)
  expect(code).toBe(1)
  expect(await shop.run(...rotate, '--file', file, '--dry-run')).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('the old secret ends at once'),
    stderr: expect.stringContaining('CW_SECRET_OVERLAP_MISSING'),
  })
  expect(await shop.run(...rotate, '--file', file, '--dry-run', '--allow-downtime')).toMatchObject({
    code: 0,
  })
  expect(shop.writes()).toEqual([])
  expect(await isAccepted(client, old)).toBe(true)
})

test('with --allow-downtime, delivers to a file, an environment file or a command', async () => {
  const folder = temporaryFolder()
  for (const [delivery, read] of [
    [['--file', join(folder, 'secret')], () => readFileSync(join(folder, 'secret'), 'utf8').trim()],
    [
      ['--environment-file', join(folder, '.env'), '--variable', 'SHOP_SECRET'],
      () => /^SHOP_SECRET=(.*)$/m.exec(readFileSync(join(folder, '.env'), 'utf8'))?.[1] ?? '',
    ],
    [
      ['--command', `cat > '${folder}/delivered'`],
      () => readFileSync(join(folder, 'delivered'), 'utf8').trim(),
    ],
  ] as const) {
    const client = await newClient()
    // NODE_OPTIONS in the file must not affect this program.
    writeFileSync(join(folder, '.env'), 'PORT=8000\nNODE_OPTIONS=--require=/none.cjs\n', { mode: 0o600 })
    const result = await shop.run('secret', 'rotate', client, ...delivery, '--allow-downtime', '--yes')
    expect(result).toMatchObject({ code: 0 })
    const secret = read()
    expect(secret.length).toBeGreaterThan(20)
    expect(result.stdout + result.stderr).not.toContain(secret)
    expect(await isAccepted(client, secret)).toBe(true)
    expect(await isAccepted(client, old)).toBe(false)
  }
  expect(statSync(join(folder, 'secret')).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(folder, '.env'), 'utf8')).toContain('PORT=8000')
})

describe('with two live secrets', () => {
  test('revokes the old one only after --prove succeeds, and shows neither in a process list', async (context) => {
    if (!isOn) context.skip()
    const client = await newClient()
    const folder = temporaryFolder()
    const file = join(folder, 'secret')
    const prove = `while [ ! -e '${folder}/go' ]; do sleep 0.05; done`
    const program = startCli(
      ['secret', 'rotate', client, '--file', file, '--set-up-policy', '--prove', prove, '--yes'],
      shop.variables,
    )
    await program.printed(/secret tested at Keycloak/)
    const secret = readFileSync(file, 'utf8').trim()
    expect(await isAccepted(client, old)).toBe(true)
    expect(await isAccepted(client, secret)).toBe(true)
    if (process.platform !== 'win32') {
      const processes = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
      expect(processes).toContain(`secret rotate ${client}`)
      for (const each of [old, secret]) expect(processes).not.toContain(each)
    }
    writeFileSync(join(folder, 'go'), '')
    expect(await program.ended).toBe(0)
    expect(program.stdout()).toMatch(/^overlap\ttrue$/m)
    expect(program.stdout() + program.stderr()).not.toContain(secret)
    expect(await isAccepted(client, old)).toBe(false)
    expect(await isAccepted(client, secret)).toBe(true)
  })
})

test('moves a client to a private key, which the command line can then sign in with', async () => {
  const client = await newClient()
  const { client: api, realm } = shop.admin
  const [{ id = '' } = {}] = await api.clients.find({ clientId: client })
  const account = await api.clients.getServiceAccountUser({ id })
  const [management] = await api.clients.find({ clientId: 'realm-management' })
  const role = await api.clients.findRole({ id: management?.id ?? '', roleName: 'view-users' })
  await api.users.addClientRoleMappings({
    id: account.id ?? '',
    clientUniqueId: management?.id ?? '',
    roles: [{ id: role?.id ?? '', name: role?.name ?? '' }],
  })
  const file = join(temporaryFolder(), 'key.jwk')
  const moved = await shop.run(
    'secret',
    'rotate',
    client,
    '--to-private-key',
    '--file',
    file,
    '--yes',
    '--json',
  )
  expect(moved.code).toBe(0)
  expect(JSON.parse(moved.stdout)).toMatchObject({ method: 'private_key_jwt', clientId: client })
  const { d } = JSON.parse(readFileSync(file, 'utf8')) as { d: string }
  expect(moved.stdout + moved.stderr).not.toContain(d)
  expect(await isAccepted(client, old)).toBe(false)
  expect(await shop.run('secret', 'status', client)).toMatchObject({
    stdout: expect.stringContaining('client-jwt'),
    stderr: expect.stringContaining('does not authenticate with a secret'),
  })
  const { code, stderr } = await runHere(['users', 'list'], {
    KEYCLOAK_SERVER: shop.target.proxy.url,
    KEYCLOAK_REALM: realm,
    KEYCLOAK_CLIENT_ID: client,
    KEYCLOAK_CLIENT_KEY_FILE: file,
  })
  expect(stderr).toBe(`The realm ${shop.realm} has no users\n`)
  expect(code).toBe(0)
})
