import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { runHere } from '../../support/in-process.ts'
import { runCli, runOnTerminal, temporaryFolder } from '../../support/program.ts'
import { openShop, type Shop } from '../../support/shop.ts'

// Each of them starts processes.
vi.setConfig({ testTimeout: 90_000 })

let shop: Shop

beforeAll(async () => {
  shop = await openShop({
    clients: [{ clientId: 'shop-web', publicClient: true, directAccessGrantsEnabled: true }],
    users: [
      {
        username: 'alice',
        email: 'alice@example.com',
        firstName: 'Alice',
        lastName: 'Liddell',
        password: 'canary-first-1',
      },
    ],
  })
  await shop.admin.client.realms.update({ realm: shop.realm }, { passwordPolicy: 'length(12) and digits(1)' })
})
beforeEach(() => void shop.writes())
afterAll(() => shop.target.close())

async function login(password: string): Promise<string> {
  const url = `${shop.target.proxy.url}/realms/${shop.realm}/protocol/openid-connect/token`
  const form = { grant_type: 'password', client_id: 'shop-web', username: 'alice', password }
  const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(form) })
  const { error_description: why = 'signed in' } = (await answer.json()) as { error_description?: string }
  return why
}

const resetAlice = ['users', 'reset-password', 'alice@example.com']

test('reads the password from standard input, ends sessions, and records no password in the trail', async () => {
  expect(await login('canary-first-1')).toBe('signed in')
  const trail = join(temporaryFolder(), 'trail.ndjson')
  const args = [...resetAlice, '--end-sessions', '--audit', trail, '--reason', 'forgot it']
  const { code, stdout, stderr } = await runCli(args, shop.variables, 'canary-second-2\n')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^~ user alice: password\n- session alice\n2 changed\n$/)
  expect(await login('canary-first-1')).toBe('Invalid user credentials')
  expect(await login('canary-second-2')).toBe('signed in')
  expect(readFileSync(trail, 'utf8')).toContain('forgot it')
  expect(readFileSync(trail, 'utf8')).not.toContain('canary')
})

test('a dry run needs no password and writes nothing', async () => {
  const stdout = await shop.print(...resetAlice, '--temporary', '--dry-run')
  expect(stdout).toBe('~ user alice: password, requiredActions\n1 to change\n')
  expect(shop.writes()).toEqual([])
})

test('reads a temporary password from a file', async () => {
  const file = join(temporaryFolder(), 'password')
  writeFileSync(file, 'canary-third-3\n')
  await shop.print(...resetAlice, '--password-file', file, '--temporary')
  expect(await login('canary-third-3')).toBe('Account is not fully set up')
})

describe('a generated password', () => {
  test('is written only to a new file that only its owner can read', async () => {
    const out = join(temporaryFolder(), 'alice.password')
    const stdout = await shop.print(...resetAlice, '--generate', '--out', out)
    const password = readFileSync(out, 'utf8').trim()
    expect(await login(password)).toBe('signed in')
    expect(stdout).toBe('~ user alice: password, requiredActions\n1 changed\n')
    if (process.platform !== 'win32') expect(statSync(out).mode & 0o777).toBe(0o600)
    shop.writes()
    const again = await shop.run(...resetAlice, '--generate', '--out', out)
    expect(again.code).toBe(1)
    expect(again.stderr).toContain(`--out: ${out} exists already`)
    expect(shop.writes()).toEqual([])
    expect(readFileSync(out, 'utf8').trim()).toBe(password)
  })

  test.skipIf(process.platform !== 'linux')('is shown once on a terminal', async () => {
    const { code, output } = await runOnTerminal([...resetAlice, '--generate'], shop.variables)
    expect(code).toBe(0)
    const [, password = ''] = /Password of alice, shown only once: (\S+)/.exec(output) ?? []
    expect(await login(password)).toBe('signed in')
  })

  test('is refused without a terminal or --out', async () => {
    const { code, stderr } = await shop.run(...resetAlice, '--generate')
    expect(code).toBe(2)
    expect(stderr).toContain('that only you can read: --out FILE')
    expect(shop.writes()).toEqual([])
  })

  test('leaves no file if the policy refuses it', async () => {
    const { realms } = shop.admin.client
    await realms.update({ realm: shop.realm }, { passwordPolicy: 'regexPattern(^never$)' })
    const out = join(temporaryFolder(), 'alice.password')
    const { code, stderr } = await shop.run(...resetAlice, '--generate', '--out', out)
    await realms.update({ realm: shop.realm }, { passwordPolicy: 'length(12) and digits(1)' })
    expect(code).toBe(1)
    expect(stderr).toContain(
      'refuses this password of alice: the password does not match the required pattern',
    )
    expect(existsSync(out)).toBe(false)
  })

  test('is kept if it may be set', async () => {
    const gone = { status: 503, headers: { 'retry-after': '0' }, after: true }
    shop.target.proxy.fail('PUT', '/reset-password', gone, gone, gone, gone)
    const out = join(temporaryFolder(), 'alice.password')
    const { code, stderr } = await shop.run(...resetAlice, '--generate', '--out', out)
    expect(code).toBe(1)
    expect(stderr).toContain(`The password may be set already: it is kept in ${out}`)
    expect(await login(readFileSync(out, 'utf8').trim())).toBe('signed in')
  })

  test.each<[string, () => NodeJS.ProcessEnv, string]>([
    [
      'sessions could not be ended',
      () => {
        const failed = { status: 500 }
        shop.target.proxy.fail('POST', '/logout', failed, failed, failed, failed)
        return {}
      },
      'CW_ADMIN_FAILED',
    ],
    [
      'the change could not be recorded',
      () => ({
        CLOAKWRIGHT_AUDIT: join(temporaryFolder(), 'trail.ndjson'),
        CLOAKWRIGHT_AUDIT_HEADS: temporaryFolder(),
      }),
      'CW_AUDIT_UNAVAILABLE',
    ],
  ])('is kept if %s', async (_, prepare, expected) => {
    const variables = { ...shop.variables, ...prepare() }
    const out = join(temporaryFolder(), 'alice.password')
    const { code, stderr } = await runHere(
      [...resetAlice, '--generate', '--out', out, '--end-sessions'],
      variables,
    )
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(expected) })
    expect(await login(readFileSync(out, 'utf8').trim())).toBe('signed in')
  })

  test('is neither set nor written if the trail can’t be written', async () => {
    const variables = { ...shop.variables, CLOAKWRIGHT_AUDIT: temporaryFolder() }
    const out = join(temporaryFolder(), 'alice.password')
    const { code, stderr } = await runHere([...resetAlice, '--generate', '--out', out], variables)
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('so nothing was changed') })
    expect(existsSync(out)).toBe(false)
    expect(shop.writes()).toEqual([])
  })
})

test('a refusal by the password policy has the reason', async () => {
  const { code, stderr } = await runHere(resetAlice, shop.variables, 'canary\n')
  expect(code).toBe(1)
  expect(stderr).toContain(
    `${shop.realm} refuses this password of alice: the password must have at least 12 characters (CW_ADMIN_REFUSED)`,
  )
  expect(stderr).not.toContain('canary')
})
