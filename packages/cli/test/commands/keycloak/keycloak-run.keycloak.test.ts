import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAdmin } from '@cloakwright/admin'
import { expect, test } from 'vitest'
import { runCli, somePort, startCli, temporaryFolder } from '../../support/program.ts'

/** The first start builds Keycloak, which takes minutes on a small machine with other tests. */
const patience = 600_000

const credentials = { username: 'admin', password: 'canary-s3cr3t' }

test(
  'a second Keycloak starts, applies a realm, and keeps it across a restart',
  async () => {
    const folder = temporaryFolder()
    const port = await somePort()
    const server = `http://localhost:${port}`
    const module = join(folder, 'realm.mjs')
    writeFileSync(module, "export default () => ({ realm: 'shop', roles: { realm: [{ name: 'buyer' }] } })")
    const variables = {
      CLOAKWRIGHT_HOME: join(folder, 'state'),
      KEYCLOAK_PORT: `${port}`,
      KC_BOOTSTRAP_ADMIN_PASSWORD: credentials.password,
      KEYCLOAK_HOME: process.env['KEYCLOAK_HOME'],
      XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'],
      JAVA_HOME: process.env['JAVA_HOME'],
    }
    const first = startCli(['keycloak', '--realm', module], variables)
    await first.printed(/Ctrl\+C/)
    expect(first.stdout()).toMatch(/^\+ realm shop\n\+ realm role buyer\n[^]*ready in [\d.]+ m?s/)
    expect(first.stdout()).toContain(`KEYCLOAK_SERVER=${server} npm start`)
    const answer = await fetch(`${server}/realms/shop/.well-known/openid-configuration`)
    expect(await answer.json()).toMatchObject({ issuer: `${server}/realms/shop` })
    // The Keycloak of the other tests does not use this database.
    const realms = await createAdmin({ server, credentials }).client.realms.find()
    expect(realms.map(({ realm }) => realm).toSorted()).toEqual(['master', 'shop'])
    const plan = await runCli(['realm', 'plan', '--realm', module], { ...variables, KEYCLOAK_SERVER: server })
    expect(plan).toMatchObject({ code: 0, stdout: 'shop matches its definition\n' })
    first.child.kill('SIGTERM')
    expect(await first.ended).toBe(0)

    const second = startCli(['keycloak', '--realm', module], variables)
    await second.printed(/Ctrl\+C/)
    expect(second.stdout()).toContain('(matches its definition)')
    second.child.kill('SIGINT')
    expect(await second.ended).toBe(0)
    for (const each of [first, second]) expect(each.stdout() + each.stderr()).not.toContain('s3cr3t')
  },
  patience,
)
