import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Admin, createAdmin } from '@cloakwright/admin'
import { afterAll, describe, expect, test } from 'vitest'
import { runHere, serveHere } from '../../support/in-process.ts'
import { somePort, startCli, temporaryFolder } from '../../support/program.ts'

const credentials = { username: 'admin', password: 'admin' }

describe('serves', () => {
  test('master under the requested loopback name, prints its URL, and exits with 0 on SIGTERM', async () => {
    const port = await somePort()
    const program = startCli(['devrealm', '--memory', '--port', `${port}`])
    await program.printed(/Ctrl\+C/)
    expect(program.stdout()).toMatch(/ready in \d+ ms/)
    expect(program.stdout()).toContain(`http://localhost:${port} `)
    const admin = createAdmin({ server: `http://localhost:${port}`, credentials })
    expect((await admin.client.realms.find()).map(({ realm }) => realm)).toEqual(['master'])
    for (const host of ['localhost', '127.0.0.1']) {
      const server = `http://${host}:${port}`
      const answer = await fetch(`${server}/realms/master/.well-known/openid-configuration`)
      expect(await answer.json()).toMatchObject({ issuer: `${server}/realms/master` })
    }
    program.child.kill('SIGTERM')
    expect(await program.ended).toBe(0)
  })

  test('the administrator of the variables, without printing the password', async () => {
    const port = await somePort()
    const folder = temporaryFolder()
    const file = join(folder, 'password')
    writeFileSync(file, 'correct horse\n')
    const variables = { KC_BOOTSTRAP_ADMIN_USERNAME: 'root', KC_BOOTSTRAP_ADMIN_PASSWORD_FILE: file }
    const args = ['devrealm', '--memory', '--port', `${port}`]
    const { stdout, stderr } = await serveHere(args, variables, /Ctrl\+C/, async () => {
      const server = `http://localhost:${port}`
      const admin = createAdmin({ server, credentials: { username: 'root', password: 'correct horse' } })
      await expect(admin.client.realms.find()).resolves.toHaveLength(1)
      await expect(createAdmin({ server, credentials }).client.realms.find()).rejects.toMatchObject({
        code: 'CW_ADMIN_UNAUTHORIZED',
      })
    })
    expect(stdout).toContain('root')
    expect(stdout + stderr).not.toContain('correct horse')
  })

  test('an imported realm, and exits with 0 on Ctrl+C', async () => {
    const port = await somePort()
    const file = join(temporaryFolder(), 'shop.json')
    writeFileSync(file, JSON.stringify({ realm: 'shop', users: [{ username: 'carol' }] }))
    const program = startCli(['devrealm', '--memory', '--port', `${port}`, '--import', file])
    await program.printed(/ready/)
    const admin = createAdmin({ server: `http://localhost:${port}`, realm: 'shop', credentials })
    const users = await admin.client.users.find()
    expect(users.map(({ username }) => username)).toEqual(['carol'])
    // Ctrl+C arrives twice, from the terminal and from npm.
    program.child.kill('SIGINT')
    program.child.kill('SIGINT')
    expect(await program.ended).toBe(0)
  })
})

describe('the state', () => {
  test('survives kill -9, and is locked by one process, which the next one names', async () => {
    const home = temporaryFolder()
    const [first, second] = [await somePort(), await somePort()]
    const before = startCli(['devrealm', '--port', `${first}`], { CLOAKWRIGHT_HOME: home })
    await before.printed(/ready/)
    const admin = createAdmin({ server: `http://localhost:${first}`, credentials })
    await admin.client.realms.create({ realm: 'kept', enabled: true })

    const args = ['devrealm', '--port', `${second}`]
    const { code, stderr } = await runHere(args, { CLOAKWRIGHT_HOME: home })
    expect(stderr).toMatch(new RegExp(`in use by process ${before.child.pid}.*CW_HOME_LOCKED`))
    expect(stderr).toContain('CLOAKWRIGHT_HOME=')
    expect(code).toBe(1)

    before.child.kill('SIGKILL')
    await before.ended
    await serveHere(args, { CLOAKWRIGHT_HOME: home }, /ready/, async () => {
      const again = createAdmin({ server: `http://localhost:${second}`, credentials })
      await expect(again.client.realms.findOne({ realm: 'kept' })).resolves.toMatchObject({ realm: 'kept' })
    })
  })
})

describe('an import', () => {
  const shop = (users: string[], more = {}) => ({
    realm: 'shop',
    enabled: true,
    users: users.map((username) => ({ username, enabled: true })),
    ...more,
  })
  const fileOf = (content: unknown): string => {
    const file = join(temporaryFolder(), 'realm.json')
    writeFileSync(file, JSON.stringify(content))
    return file
  }

  /** Starts it with this state, runs `work` and stops it. Resolves to its output. */
  async function during(
    home: string,
    args: string[],
    work: (admin: Admin) => Promise<unknown>,
  ): Promise<string> {
    const port = await somePort()
    const { code, stdout } = await serveHere(
      ['devrealm', '--port', `${port}`, ...args],
      { CLOAKWRIGHT_HOME: home },
      /Ctrl\+C/,
      () => work(createAdmin({ server: `http://localhost:${port}`, realm: 'shop', credentials })),
    )
    expect(code).toBe(0)
    return stdout
  }
  const usersOf = async (admin: Admin): Promise<(string | undefined)[]> =>
    (await admin.client.users.find()).map(({ username }) => username)

  /** State with the realm shop, and its users alice, from the file, and extra. It is made once, then copied. */
  let made: string | undefined
  async function stateWithShop(): Promise<{ home: string; file: string }> {
    const [home, file] = [temporaryFolder(), fileOf(shop(['alice']))]
    if (made === undefined) {
      const out = await during(home, ['--import', file], async (admin) => {
        await admin.client.users.create({ username: 'extra' })
      })
      expect(out).toMatch(/^Imported the realm shop: 1 user, 0 sessions, 0 groups, \d+ clients$/m)
      made = mkdtempSync(join(tmpdir(), 'cloakwright-shop-'))
      cpSync(home, made, { recursive: true })
    } else cpSync(made, home, { recursive: true })
    return { home, file }
  }
  afterAll(() => {
    if (made !== undefined) rmSync(made, { recursive: true })
  })

  test('skips an existing realm, or replaces it with --import-strategy replace and reports the loss', {
    timeout: 60_000,
  }, async () => {
    const { home, file } = await stateWithShop()
    const skipped = await during(home, ['--import', file], async (admin) => {
      expect(await usersOf(admin)).toEqual(['alice', 'extra'])
    })
    expect(skipped).toMatch(/^Skipped the realm shop: it exists with 2 users, .*--import-strategy replace$/m)
    const replaced = await during(home, ['--import', file, '--import-strategy', 'replace'], async (admin) => {
      expect(await usersOf(admin)).toEqual(['alice'])
    })
    expect(replaced).toMatch(/^Replaced the realm shop: deleted 2 users, 0 sessions, .*, imported 1 user, /m)
  })

  test('skips master, which can not be replaced', async () => {
    const file = fileOf({ realm: 'master', enabled: false })
    const home = temporaryFolder()
    const out = await during(home, ['--memory', '--import', file], (admin) => admin.client.realms.find())
    expect(out).toContain('Skipped the realm master')
    const args = ['devrealm', '--memory', '--port', `${await somePort()}`, '--import', file]
    const { code, stderr } = await runHere([...args, '--import-strategy', 'replace'])
    expect(stderr).toContain(`${file}: The realm "master" cannot be replaced`)
    expect(code).toBe(1)
  })

  test('that is refused changes no realm', {
    timeout: 60_000,
  }, async () => {
    const { home } = await stateWithShop()
    const good = fileOf([shop(['other']), { realm: 'second' }])
    const taken = await somePort('held')
    for (const [bad, reason, port = await somePort()] of [
      [fileOf(shop([], { nope: 1 })), /realm\.json: .*Unrecognized field "nope"/],
      [
        fileOf({ realm: 'third', users: [{ username: 'x', groups: ['/none'] }] }),
        /realm\.json: .*"third" is invalid/,
      ],
      [
        fileOf({ realm: 'second' }),
        /realm\.json: The realm "second" is defined twice, first in .*realm\.json/,
      ],
      [fileOf({ realm: 'third' }), /Another process uses port \d+/, taken],
    ] as const) {
      const files = ['--import', good, bad, '--import-strategy', 'replace']
      const { code, stdout, stderr } = await runHere(['devrealm', '--port', `${port}`, ...files], {
        CLOAKWRIGHT_HOME: home,
      })
      expect(stderr).toMatch(reason)
      expect([code, stdout]).toEqual([1, ''])
    }
    await during(home, [], async (admin) => {
      expect(await usersOf(admin)).toEqual(['alice', 'extra'])
      const realms = await admin.client.realms.find()
      expect(realms.map(({ realm }) => realm).sort()).toEqual(['master', 'shop'])
    })
  })

  test('refuses an unknown strategy', async () => {
    const { code, stderr } = await runHere(['devrealm', '--memory', '--import-strategy', 'merge'])
    expect(stderr).toContain('Allowed choices are skip, replace')
    expect(code).toBe(2)
  })

  test('that is killed leaves the old or the new realm, complete', { timeout: 60_000 }, async () => {
    const { home } = await stateWithShop()
    const many = Array.from({ length: 3000 }, (_, index) => `user-${index}`)
    const args = ['devrealm', '--port', `${await somePort()}`, '--import', fileOf(shop(many))]
    const program = startCli([...args, '--import-strategy', 'replace'], { CLOAKWRIGHT_HOME: home })
    await program.printed(/^Importing/m)
    program.child.kill('SIGKILL')
    await program.ended
    await during(home, [], async (admin) => {
      expect([2, 3000]).toContain(await admin.client.users.count())
    })
  })
})

test('exits with 1 for a port in use, and proposes another', async () => {
  const port = await somePort('held')
  const { code, stderr } = await runHere(['devrealm', '--memory', '--port', `${port}`])
  expect(stderr).toContain(`Another process uses port ${port}`)
  expect(stderr).toContain(`--port ${port + 1}`)
  expect(stderr).not.toMatch(/^\s+at /m)
  expect(code).toBe(1)
})

describe('exits with 1, the place and the reason for a file with', () => {
  test.each<[string, string, RegExp]>([
    [
      'a JSON syntax error',
      '{\n  "realm": "x",\n  "enabled": yes\n}\n',
      /realm\.json:3:14: JSON syntax error/,
    ],
    ['an unknown field', '{"realm": "x", "usres": []}', /realm\.json: .*Unrecognized field "usres"/],
  ])('%s', async (_, content, reason) => {
    const file = join(temporaryFolder(), 'realm.json')
    writeFileSync(file, content)
    const port = await somePort()
    const { code, stdout, stderr } = await runHere([
      'devrealm',
      '--memory',
      '--port',
      `${port}`,
      '--import',
      file,
    ])
    expect(stderr).toMatch(reason)
    expect(stderr).toContain(file)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(stdout).toBe('')
    expect(code).toBe(1)
  })
})
