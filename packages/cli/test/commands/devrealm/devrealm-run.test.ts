import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Admin, createAdmin } from '@cloakwright/admin'
import { afterAll, describe, expect, test } from 'vitest'
import { runHere } from '../../support/in-process.ts'
import { runCli, somePort, startCli, temporaryFolder } from '../../support/program.ts'

const credentials = { username: 'admin', password: 'admin' }

describe('it serves', () => {
  test('master, under the loopback name that was asked; says so with milliseconds and URL; ends with 0 at SIGTERM', async () => {
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

  test('the administrator of the variables, whose password it does not print', async () => {
    const port = await somePort()
    const folder = temporaryFolder()
    const file = join(folder, 'password')
    writeFileSync(file, 'correct horse\n')
    const program = startCli(['devrealm', '--memory', '--port', `${port}`], {
      KC_BOOTSTRAP_ADMIN_USERNAME: 'root',
      KC_BOOTSTRAP_ADMIN_PASSWORD_FILE: file,
    })
    await program.printed(/Ctrl\+C/)
    const server = `http://localhost:${port}`
    const admin = createAdmin({ server, credentials: { username: 'root', password: 'correct horse' } })
    await expect(admin.client.realms.find()).resolves.toHaveLength(1)
    await expect(createAdmin({ server, credentials }).client.realms.find()).rejects.toMatchObject({
      code: 'CW_ADMIN_UNAUTHORIZED',
    })
    expect(program.stdout()).toContain('root')
    expect(program.stdout() + program.stderr()).not.toContain('correct horse')
  })

  test('a realm that it imports, until Ctrl+C ends it with 0', async () => {
    const port = await somePort()
    const file = join(temporaryFolder(), 'shop.json')
    writeFileSync(file, JSON.stringify({ realm: 'shop', users: [{ username: 'carol' }] }))
    const program = startCli(['devrealm', '--memory', '--port', `${port}`, '--import', file])
    await program.printed(/ready/)
    const admin = createAdmin({ server: `http://localhost:${port}`, realm: 'shop', credentials })
    const users = await admin.client.users.find()
    expect(users.map(({ username }) => username)).toEqual(['carol'])
    // One Ctrl+C comes twice, from the terminal and through npm.
    program.child.kill('SIGINT')
    program.child.kill('SIGINT')
    expect(await program.ended).toBe(0)
  })
})

describe('its state', () => {
  test('survives kill -9', async () => {
    const home = temporaryFolder()
    const [first, second] = [await somePort(), await somePort()]
    const before = startCli(['devrealm', '--port', `${first}`], { CLOAKWRIGHT_HOME: home })
    await before.printed(/ready/)
    const admin = createAdmin({ server: `http://localhost:${first}`, credentials })
    await admin.client.realms.create({ realm: 'kept', enabled: true })
    before.child.kill('SIGKILL')
    await before.ended

    const after = startCli(['devrealm', '--port', `${second}`], { CLOAKWRIGHT_HOME: home })
    await after.printed(/ready/)
    const again = createAdmin({ server: `http://localhost:${second}`, credentials })
    await expect(again.client.realms.findOne({ realm: 'kept' })).resolves.toMatchObject({ realm: 'kept' })
  })

  test('is held by one process, which the next one names', async () => {
    const home = temporaryFolder()
    const holder = startCli(['devrealm', '--port', `${await somePort()}`], { CLOAKWRIGHT_HOME: home })
    await holder.printed(/ready/)
    const { code, stderr } = await runCli(['devrealm', '--port', `${await somePort()}`], {
      CLOAKWRIGHT_HOME: home,
    })
    expect(stderr).toMatch(new RegExp(`in use by process ${holder.child.pid}.*CW_HOME_LOCKED`))
    expect(stderr).toContain('CLOAKWRIGHT_HOME=')
    expect(code).toBe(1)
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

  /** Starts it on this state, runs `work`, and ends it; resolves to what it printed. */
  async function during(
    home: string,
    args: string[],
    work: (admin: Admin) => Promise<unknown>,
  ): Promise<string> {
    const port = await somePort()
    const program = startCli(['devrealm', '--port', `${port}`, ...args], { CLOAKWRIGHT_HOME: home })
    await program.printed(/Ctrl\+C/)
    await work(createAdmin({ server: `http://localhost:${port}`, realm: 'shop', credentials }))
    program.child.kill('SIGTERM')
    expect(await program.ended).toBe(0)
    return program.stdout()
  }
  const usersOf = async (admin: Admin): Promise<(string | undefined)[]> =>
    (await admin.client.users.find()).map(({ username }) => username)

  /** State with the realm shop, whose users are alice, from the file, and extra: made once, then copied. */
  let made: string | undefined
  async function stateWithShop(): Promise<{ home: string; file: string }> {
    const [home, file] = [temporaryFolder(), fileOf(shop(['alice']))]
    if (made === undefined) {
      const out = await during(home, ['--import', file], async (admin) => {
        await admin.client.users.create({ username: 'extra' })
      })
      expect(out).toMatch(/^Imported realm shop: 1 user, 0 sessions, 0 groups, \d+ clients$/m)
      made = mkdtempSync(join(tmpdir(), 'cloakwright-shop-'))
      cpSync(home, made, { recursive: true })
    } else cpSync(made, home, { recursive: true })
    return { home, file }
  }
  afterAll(() => {
    if (made !== undefined) rmSync(made, { recursive: true })
  })

  test('leaves a realm that exists as it is, and says so; with --import-strategy replace it says what is lost', {
    timeout: 60_000,
  }, async () => {
    const { home, file } = await stateWithShop()
    const skipped = await during(home, ['--import', file], async (admin) => {
      expect(await usersOf(admin)).toEqual(['alice', 'extra'])
    })
    expect(skipped).toMatch(
      /^Skipped the import of realm shop: it exists, with 2 users, .*--import-strategy replace$/m,
    )
    const replaced = await during(home, ['--import', file, '--import-strategy', 'replace'], async (admin) => {
      expect(await usersOf(admin)).toEqual(['alice'])
    })
    expect(replaced).toMatch(/^Replaced realm shop: lost 2 users, 0 sessions, .*; now 1 user, /m)
  })

  test('of master is skipped too, and it can not be replaced', async () => {
    const file = fileOf({ realm: 'master', enabled: false })
    const home = temporaryFolder()
    const out = await during(home, ['--import', file], (admin) => admin.client.realms.find())
    expect(out).toContain('Skipped the import of realm master')
    const args = ['devrealm', '--memory', '--port', `${await somePort()}`, '--import', file]
    const { code, stderr } = await runHere([...args, '--import-strategy', 'replace'])
    expect(stderr).toContain(`${file}: The realm "master" cannot be replaced`)
    expect(code).toBe(1)
  })

  test('that is refused changes nothing, whatever else is imported and however', {
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
      [fileOf({ realm: 'third' }), /port \d+ is taken/, taken],
    ] as const) {
      const files = ['--import', good, bad, '--import-strategy', 'replace']
      const { code, stdout, stderr } = await runCli(['devrealm', '--port', `${port}`, ...files], {
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

  test('knows no other strategy', async () => {
    const { code, stderr } = await runHere(['devrealm', '--memory', '--import-strategy', 'merge'])
    expect(stderr).toContain('Allowed choices are skip, replace')
    expect(code).toBe(2)
  })

  test('that is killed leaves the old realm or the new one, never less', { timeout: 60_000 }, async () => {
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

test('a port that is taken ends it with 1, and another port to try', async () => {
  const port = await somePort('held')
  const { code, stderr } = await runHere(['devrealm', '--memory', '--port', `${port}`])
  expect(stderr).toContain(`port ${port} is taken`)
  expect(stderr).toContain(`--port ${port + 1}`)
  expect(stderr).not.toMatch(/^\s+at /m)
  expect(code).toBe(1)
})

describe('a file that can’t be imported ends it with 1, with where and why', () => {
  test.each<[string, string, RegExp]>([
    ['no JSON', '{\n  "realm": "x",\n  "enabled": yes\n}\n', /realm\.json:3:14: this is not JSON/],
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
