import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAdmin } from '@cloakwright/admin'
import { describe, expect, test } from 'vitest'
import { runCli, somePort, startCli, temporaryFolder } from '../support/program.ts'

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
    expect(stderr).toMatch(new RegExp(`held by process ${holder.child.pid}.*CW_HOME_LOCKED`))
    expect(stderr).toContain('CLOAKWRIGHT_HOME=')
    expect(code).toBe(1)
  })
})

test('a port that is taken ends it with 1, and another port to try', async () => {
  const port = await somePort('held')
  const { code, stderr } = await runCli(['devrealm', '--memory', '--port', `${port}`])
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
    const { code, stdout, stderr } = await runCli(['devrealm', '--memory', '--import', file])
    expect(stderr).toMatch(reason)
    expect(stderr).toContain(file)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(stdout).toBe('')
    expect(code).toBe(1)
  })
})
