import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { runHere } from '../support/in-process.ts'
import { temporaryFolder } from '../support/program.ts'
import { openShop, type Shop } from '../support/shop.ts'

// Creating an existing object fails without changes, or updates it with --update.

let shop: Shop

beforeAll(async () => {
  shop = await openShop({
    roles: { realm: [{ name: 'user' }, { name: 'editor', description: 'Edits' }] },
    clients: [{ clientId: 'shop-api', publicClient: true, directAccessGrantsEnabled: true }],
    groups: [{ name: 'staff', attributes: { floor: ['1'] } }],
    users: [
      {
        username: 'alice',
        email: 'alice@example.com',
        firstName: 'Alice',
        lastName: 'Liddell',
        password: 'canary-pa55word',
      },
      { username: 'bob' },
    ],
  })
})
beforeEach(() => void shop.writes())
afterAll(() => shop.target.close())

const run = (...args: string[]) => runHere(args, shop.variables)

async function login(username: string, password: string): Promise<[number, string]> {
  const answer = await fetch(`${shop.target.proxy.url}/realms/${shop.realm}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'password', client_id: 'shop-api', username, password }),
  })
  return [answer.status, await answer.text()]
}

describe('create of an existing object', () => {
  test.each<[string, string[]]>([
    ['user alice', ['users', 'create', 'alice', '--email', 'alice@example.com']],
    ['user alice', ['users', 'create', 'Alice', '--disabled', '--role', 'user']],
    ['role editor', ['roles', 'create', 'editor', '--description', 'Reads']],
    ['group /staff', ['groups', 'create', '/staff', '--attribute', 'floor=2']],
  ])('fails with a hint to update it: %s, %j', async (what, args) => {
    for (const more of [[], ['--dry-run']]) {
      const { code, stdout, stderr } = await run(...args, ...more)
      expect(code).toBe(1)
      expect(stdout).toBe('')
      expect(stderr).toContain(`already has the ${what}; nothing was changed (CW_ADMIN_CONFLICT)`)
      expect(stderr).toContain('--update')
    }
    expect(shop.writes()).toEqual([])
  })

  test.each<[string[], string]>([
    [['users', 'create', 'alice', '--role', 'user'], '~ user alice: roles.user'],
    [['users', 'create', 'alice', '--required-action', 'VERIFY_EMAIL'], '~ user alice: requiredActions'],
    [['roles', 'create', 'editor', '--description', 'Reads'], '~ realm role editor: description'],
    [['groups', 'create', '/staff', '--attribute', 'floor=2'], '~ group /staff: attributes.floor'],
  ])('with --update changes it once: %j', async (args, line) => {
    expect((await run(...args, '--update', '--dry-run')).stdout).toBe(`${line}\n1 to change\n`)
    expect(shop.writes()).toEqual([])
    expect((await run(...args, '--update')).stdout).toBe(`${line}\n1 changed\n`)
    shop.writes()
    expect((await run(...args, '--update')).stdout).toBe('Nothing to change: it is already as requested\n')
    expect(shop.writes()).toEqual([])
  })

  test('with --update sets the password, and prints no value', async () => {
    const passwordFile = join(temporaryFolder(), 'password')
    writeFileSync(passwordFile, 'canary-new\n')
    const password = ['--password-file', passwordFile, '--temporary']
    const refused = await run('users', 'create', 'alice', ...password)
    expect(refused.code).toBe(1)
    expect(shop.writes()).toEqual([])

    const { code, stdout } = await run('users', 'create', 'alice', ...password, '--update', '--json')
    expect(code).toBe(0)
    const { changes } = JSON.parse(stdout) as { changes: { fields: string[] }[] }
    expect(changes.map(({ fields }) => fields)).toEqual([['password', 'requiredActions']])
    expect(stdout).not.toContain('canary')
    expect((await login('alice', 'canary-pa55word'))[1]).toContain('Invalid user credentials')
    expect((await login('alice', 'canary-new'))[1]).toContain('not fully set up')
  })

  test('with a temporary password adds UPDATE_PASSWORD once', async () => {
    const passwordFile = join(temporaryFolder(), 'password')
    writeFileSync(passwordFile, 'canary-newer\n')
    const args = ['users', 'create', 'bob', '--update', '--password-file', passwordFile, '--temporary']
    const actions = ['--required-action', 'UPDATE_PASSWORD', '--required-action', 'VERIFY_EMAIL']
    const lines = '~ user bob: password, requiredActions\n~ user bob: requiredActions\n'
    expect((await run(...args, ...actions, '--dry-run')).stdout).toBe(`${lines}2 to change\n`)
    expect(shop.writes()).toEqual([])
    expect((await run(...args, ...actions)).stdout).toBe(`${lines}2 changed\n`)
  })

  test('with --update creates an object that does not exist', async () => {
    expect((await run('users', 'create', 'dora', '--update')).stdout).toBe('+ user dora\n1 changed\n')
  })
})

test('--temporary without a password is refused', async () => {
  const { code, stderr } = await run('users', 'create', 'eve', '--temporary')
  expect(code).toBe(2)
  expect(stderr).toContain('--password')
  expect(shop.writes()).toEqual([])
})

test('ending a session that does not exist fails', async () => {
  const { code, stderr } = await run('sessions', 'end', '--session', 'no-such-session', '--yes')
  expect(code).toBe(1)
  expect(stderr).toContain(
    'has no session no-such-session: it has ended, or belongs to an offline token (CW_ADMIN_NOT_FOUND)',
  )
})

test('ending the sessions of a user without any reports that offline tokens are refused', async () => {
  const { code, stdout } = await run('sessions', 'end', 'alice', '--yes')
  expect(code).toBe(0)
  expect(stdout).toContain('Offline tokens issued until now are refused')
})
