import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAdmin } from '@cloakwright/admin'
import { createDevRealm } from '@cloakwright/devrealm'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runHere } from '../../support/in-process.ts'
import { somePort, temporaryFolder } from '../../support/program.ts'

async function startRealm(admin = { username: 'admin', password: 'admin' }): Promise<string> {
  const realm = await createDevRealm({ admin })
  onTestFinished(() => realm.close())
  return await realm.listen()
}

function writeModule(source: string): string {
  const file = join(temporaryFolder(), 'realm.mjs')
  writeFileSync(file, source)
  return file
}

const shop = `export default (env) => ({
  realm: env.SHOP ?? 'shop',
  roles: { realm: [{ name: 'buyer' }] },
  clients: [{ clientId: 'shop-api', secret: 'canary-s3cr3t' }],
})`

describe('plan and apply', () => {
  test('print the same changes, and only apply makes them, once', async () => {
    const server = await startRealm()
    const file = writeModule(shop)
    const lines = ['+ realm shop', '+ realm role buyer', '+ client shop-api']
    const command = (name: string) => runHere(['realm', name, '--realm', file, '--server', server])

    for (const [name, last, ends] of [
      ['plan', '3 to change', 2],
      ['apply', '3 changed', 0],
    ] as const) {
      const { code, stdout, stderr } = await command(name)
      expect(stderr).toBe('')
      expect(stdout.trimEnd().split('\n')).toEqual([...lines, last])
      expect(stdout).not.toContain('s3cr3t')
      expect(code).toBe(ends)
    }
    const admin = createAdmin({
      server,
      realm: 'shop',
      credentials: { username: 'admin', password: 'admin' },
    })
    expect(await admin.client.clients.find({ clientId: 'shop-api' })).toHaveLength(1)
    const matching = { code: 0, stdout: 'shop matches its definition\n' }
    expect(await command('plan')).toMatchObject(matching)
    expect(await command('apply')).toMatchObject(matching)
  })

  test('read server, administrator and realm settings from the variables', async () => {
    const server = await startRealm({ username: 'root', password: 'correct horse' })
    const args = ['realm', 'plan', '--realm', writeModule(shop)]
    const refused = await runHere([...args, '--server', server])
    expect(refused.stderr).toContain('CW_ADMIN_UNAUTHORIZED')
    expect(refused.code).toBe(1)
    const file = join(temporaryFolder(), 'password')
    writeFileSync(file, 'correct horse\n')
    const administrator = { KC_BOOTSTRAP_ADMIN_USERNAME: 'root', KC_BOOTSTRAP_ADMIN_PASSWORD_FILE: file }
    const { code, stdout } = await runHere(args, {
      KEYCLOAK_SERVER: `${server}/`,
      SHOP: 'market',
      ...administrator,
    })
    expect(stdout).toContain('+ realm market')
    expect(code).toBe(2)
  })
})

describe('exits with 1 and a reason', () => {
  test('when the server on the default port does not respond', async () => {
    const port = await somePort()
    const { code, stderr } = await runHere(['realm', 'plan', '--realm', writeModule(shop)], {
      KEYCLOAK_PORT: `${port}`,
    })
    expect(stderr).toContain(`http://localhost:${port}`)
    expect(stderr).toContain('CW_ADMIN_UNAVAILABLE')
    expect(code).toBe(1)
  })

  test('without a password for a server on another machine', async () => {
    const args = ['realm', 'apply', '--realm', writeModule(shop), '--server', 'https://id.example.com']
    const { code, stderr } = await runHere(args)
    expect(stderr).toMatch(/KC_BOOTSTRAP_ADMIN_PASSWORD is not set.*id\.example\.com.*CW_CONFIG_MISSING/)
    expect(code).toBe(1)
  })

  test('for plain http to another machine', async () => {
    const args = ['realm', 'apply', '--realm', writeModule(shop), '--server', 'http://id.example.com']
    const { code, stderr } = await runHere(args, { KC_BOOTSTRAP_ADMIN_PASSWORD: 'x' })
    expect(stderr).toMatch(/http:\/\/id\.example\.com is plain http.*CW_CONFIG_INSECURE/)
    expect(code).toBe(1)
  })

  test('when the module does not exist', async () => {
    const { code, stderr } = await runHere(['realm', 'plan', '--realm', 'apps/none/dist/realm.js'])
    expect(stderr).toMatch(/apps\/none\/dist\/realm\.js does not exist[^]*npm run build/)
    expect(code).toBe(1)
  })
})
