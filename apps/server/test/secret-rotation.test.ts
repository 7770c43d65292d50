import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAdmin } from '@cloakwright/admin'
import { readSecretStatus, rotateSecret } from '@cloakwright/admin/secrets'
import { createDevRealm, type DevRealm } from '@cloakwright/devrealm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Browser } from './support/browser.ts'
import { keycloakAdmin, real, startServer, type TestServer, testVariables } from './support/environment.ts'

let devRealm: DevRealm | undefined
let server: TestServer
let file: string

beforeAll(async () => {
  const variables = await testVariables()
  file = join(variables['CLOAKWRIGHT_HOME'] ?? '', 'rotated-secret')
  writeFileSync(file, 'the-secret-of-the-beginning\n', { mode: 0o600 })
  if (!real) {
    devRealm = await createDevRealm({ features: ['client-secret-rotation'] })
    variables['KEYCLOAK_SERVER'] = await devRealm.listen()
  }
  server = await startServer({ ...variables, KEYCLOAK_CLIENT_SECRET_FILE: file })
})
afterAll(async () => {
  await server?.close()
  await devRealm?.close()
})

test('no login and no refresh fails during ten rotations', async ({ skip }) => {
  const { server: keycloak, realm, clientId } = server.config.keycloak
  const { CONFORMANCE_ADMIN_USERNAME: username = 'admin', CONFORMANCE_ADMIN_PASSWORD: password = 'admin' } =
    process.env
  const admin = createAdmin({ server: keycloak, realm, credentials: { username, password } })
  const { overlap } = await readSecretStatus(admin, clientId)
  if (!overlap.possible && overlap.missing === 'feature') {
    console.warn('Skipped in secret-rotation.test.ts: the server runs without client-secret-rotation.')
    skip()
  }
  // Each session refreshes once a second, and would end after two.
  await keycloakAdmin(server.config).client.realms.update({ realm }, { accessTokenLifespan: 2 })

  const statuses = new Map<string, number>()
  const count = (what: string): void => void statuses.set(what, (statuses.get(what) ?? 0) + 1)
  let isOver = false

  async function signIn(): Promise<Browser> {
    const browser = new Browser()
    const login = await browser.open(`${server.url}/auth/login?returnTo=${encodeURIComponent('/me')}`)
    const page = await browser.signIn(login, 'bob')
    count(`login ${page.status}`)
    return browser
  }
  async function keepSigningIn(): Promise<void> {
    while (!isOver) await signIn()
  }
  async function keepAsking(): Promise<void> {
    const browser = await signIn()
    while (!isOver) count(`request ${(await browser.fetch(`${server.url}/me`)).status}`)
  }
  const users = [keepSigningIn(), ...Array.from({ length: 4 }, keepAsking)]

  const secrets = new Set<string>()
  for (let time = 0; time < 10; time += 1) {
    const { overlap: had } = await rotateSecret(admin, clientId, { deliver: { file }, setUpPolicy: true })
    expect(had).toBe(true)
    secrets.add(await server.config.clientSecret())
  }
  isOver = true
  await Promise.all(users)

  expect(secrets.size).toBe(10)
  expect([...statuses.keys()].toSorted()).toEqual(['login 200', 'request 200'])
  expect(server.log.join('')).not.toContain('a login or logout failed')
  for (const secret of secrets) expect(server.log.join('')).not.toContain(secret)
}, 120_000)
