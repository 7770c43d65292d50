import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDevRealm } from '@cloakwright/devrealm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runHere } from '../support/in-process.ts'
import { writeProfile } from '../support/shop.ts'

const secret = 'canary-s3cr3t'
const devrealm = await createDevRealm({ admin: { username: 'root', password: 'correct horse' } })
const server = await devrealm.listen()

/** Two realms, each with a user and a service account with the role view-users. */
beforeAll(async () => {
  for (const realm of ['shop', 'market']) {
    await devrealm.importRealm({
      realm,
      enabled: true,
      clients: [{ clientId: 'operator', secret, serviceAccountsEnabled: true, publicClient: false }],
      users: [
        { username: `${realm}-user`, enabled: true },
        {
          username: 'service-account-operator',
          enabled: true,
          serviceAccountClientId: 'operator',
          clientRoles: { 'realm-management': ['view-users'] },
        },
      ],
    })
  }
})
afterAll(() => devrealm.close())

const serviceAccount = () => ({
  KEYCLOAK_SERVER: server,
  KEYCLOAK_REALM: 'shop',
  KEYCLOAK_CLIENT_ID: 'operator',
  KEYCLOAK_CLIENT_SECRET: secret,
})
const administrator = () => ({
  KEYCLOAK_SERVER: server,
  KC_BOOTSTRAP_ADMIN_USERNAME: 'root',
  KC_BOOTSTRAP_ADMIN_PASSWORD: 'correct horse',
})
const profileOf = (realm: string) => ({
  server,
  realm,
  credentials: { clientId: 'operator', clientSecretFile: 'operator-secret' },
})
const secrets = { 'operator-secret': `${secret}\n` }
const search = ['users', 'list', '--search', '*user']

describe('which realm, with which credentials', () => {
  test.each<[string, () => NodeJS.ProcessEnv, string[], string]>([
    ['the service account of the variables', serviceAccount, [], 'shop-user'],
    [
      'else the administrator, in the realm of the option',
      administrator,
      ['--realm', 'market'],
      'market-user',
    ],
    [
      'uses the server of the option, not that of the variable',
      () => ({ ...serviceAccount(), KEYCLOAK_SERVER: 'http://localhost:1' }),
      ['--server', server],
      'shop-user',
    ],
    [
      'uses the whole profile of the variable, not other variables',
      () => ({
        ...serviceAccount(),
        KEYCLOAK_SERVER: 'https://id.example.com',
        XDG_CONFIG_HOME: writeProfile('work', profileOf('market'), { secrets }),
        CLOAKWRIGHT_PROFILE: 'work',
      }),
      [],
      'market-user',
    ],
    [
      'uses a profile with an administrator of master for another realm',
      () => ({
        XDG_CONFIG_HOME: writeProfile(
          'root',
          { server, realm: 'shop', credentials: { username: 'root', passwordFile: 'root-password' } },
          { secrets: { 'root-password': 'correct horse' } },
        ),
      }),
      ['--profile', 'root', '--realm', 'market'],
      'market-user',
    ],
    [
      'uses the profile of the option, not that of the variable',
      () => ({
        XDG_CONFIG_HOME: writeProfile('other', profileOf('shop'), { secrets }),
        CLOAKWRIGHT_PROFILE: 'work',
      }),
      ['--profile', 'other'],
      'shop-user',
    ],
  ])('%s', async (_, variables, options, user) => {
    const { code, stdout, stderr } = await runHere([...search, ...options], variables())
    expect(stderr).toBe('')
    expect(stdout).toContain(user)
    expect(stdout.split('\n')).toHaveLength(2)
    expect(code).toBe(0)
  })

  test('reads a secret from the file of the variable', async () => {
    const folder = writeProfile('unused', {}, { secrets })
    const { KEYCLOAK_CLIENT_SECRET: _, ...variables } = serviceAccount()
    const file = join(folder, 'cloakwright', 'profiles', 'operator-secret')
    const { code, stdout } = await runHere(search, { ...variables, KEYCLOAK_CLIENT_SECRET_FILE: file })
    expect(stdout).toContain('shop-user')
    expect(code).toBe(0)
  })
})

test('the commands that take a definition accept a profile', async () => {
  const folder = writeProfile(
    'root',
    { server, realm: 'market', credentials: { username: 'root', passwordFile: 'root-password' } },
    { secrets: { 'root-password': 'correct horse' } },
  )
  const file = join(folder, 'realm.mjs')
  writeFileSync(file, `export default () => ({ realm: 'shop', roles: { realm: [{ name: 'buyer' }] } })`)
  const variables = { XDG_CONFIG_HOME: folder, CLOAKWRIGHT_PROFILE: 'root' }
  const plan = await runHere(['realm', 'plan', '--realm', file], variables)
  expect(plan).toMatchObject({ code: 2, stdout: '+ realm role buyer\n1 to change\n' })
  const types = await runHere(['realm', 'types', '--profile', 'root'], { XDG_CONFIG_HOME: folder })
  expect(types).toMatchObject({ code: 0, stdout: expect.stringContaining('default-roles-market') })
})

describe('is refused with a next step, without showing a secret:', () => {
  test.each<[string, () => NodeJS.ProcessEnv, string[], RegExp, number]>([
    [
      'a profile that others can read',
      () => ({ XDG_CONFIG_HOME: writeProfile('work', profileOf('shop'), { mode: 0o640, secrets }) }),
      ['--profile', 'work'],
      /work\.json has mode 0640.*CW_CONFIG_INSECURE[^]*chmod 600/,
      1,
    ],
    [
      'a secret file that others can read',
      () => {
        const folder = writeProfile('work', profileOf('shop'), { secrets })
        chmodSync(join(folder, 'cloakwright', 'profiles', 'operator-secret'), 0o604)
        return { XDG_CONFIG_HOME: folder }
      },
      ['--profile', 'work'],
      /operator-secret has mode 0604.*CW_CONFIG_INSECURE/,
      1,
    ],
    [
      'a profile that does not exist',
      () => ({ XDG_CONFIG_HOME: writeProfile('work', {}) }),
      ['--profile', 'home'],
      /could not read .*home\.json \(ENOENT\) \(CW_CONFIG_MISSING\)/,
      1,
    ],
    [
      'a profile in another folder',
      () => ({}),
      ['--profile', '../work'],
      /profile name.*CW_CONFIG_INVALID/,
      1,
    ],
    [
      'a profile that contains the secret',
      () => ({
        XDG_CONFIG_HOME: writeProfile('work', {
          ...profileOf('shop'),
          credentials: { clientId: 'operator', clientSecret: secret },
        }),
      }),
      ['--profile', 'work'],
      /unknown member "clientSecret".*CW_CONFIG_INVALID[^]*clientSecretFile/,
      1,
    ],
    [
      'a profile with another server',
      () => ({ XDG_CONFIG_HOME: writeProfile('work', profileOf('shop'), { secrets }) }),
      ['--profile', 'work', '--server', 'https://id.example.com'],
      /differs from the server of the profile work[^]*only to its own server/,
      2,
    ],
    [
      'plain http to another machine',
      () => ({ ...serviceAccount(), KEYCLOAK_SERVER: 'http://id.example.com' }),
      [],
      /http:\/\/id\.example\.com is plain http.*CW_CONFIG_INSECURE[^]*--dangerously-allow-http/,
      1,
    ],
    [
      'plain http in production, even if allowed',
      () => ({ ...serviceAccount(), KEYCLOAK_SERVER: 'http://id.example.com', NODE_ENV: 'production' }),
      ['--dangerously-allow-http'],
      /CW_CONFIG_INSECURE/,
      1,
    ],
    [
      'a server on another machine without credentials',
      () => ({ KEYCLOAK_SERVER: 'https://id.example.com' }),
      [],
      /KC_BOOTSTRAP_ADMIN_PASSWORD is not set.*CW_CONFIG_MISSING/,
      1,
    ],
    [
      'a file instead of the name of a realm',
      serviceAccount,
      ['--realm', 'dist/realm.js'],
      /dist\/realm\.js is a file/,
      2,
    ],
    [
      'the default realm, if it does not exist',
      administrator,
      [],
      /Realm not found[^]*name of the realm[^]*default realm\. Select another with --realm or KEYCLOAK_REALM/,
      1,
    ],
    ['an empty name of a realm', serviceAccount, ['--realm', ''], /--realm is empty/, 2],
    [
      'a wrong secret',
      () => ({ ...serviceAccount(), KEYCLOAK_CLIENT_SECRET: `${secret}-old` }),
      [],
      /CW_ADMIN_UNAUTHORIZED[^]*client id and the client secret[^]*service account of operator, from KEYCLOAK_CLIENT_ID/,
      1,
    ],
  ])('%s', async (_, variables, options, reason, ended) => {
    const { code, stdout, stderr } = await runHere([...search, ...options], variables())
    expect(stderr).toMatch(reason)
    expect(stdout).toBe('')
    expect(stderr).not.toContain(secret)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(code).toBe(ended)
  })

  test('an account without rights, with all roles that the command needs', async () => {
    const { code, stderr } = await runHere(['roles', 'members', 'buyer', '--effective'], serviceAccount())
    expect(stderr).toMatch(/the role view-realm of the client realm-management/)
    expect(stderr).toMatch(
      /^cloakwright roles members needs these roles of the client realm-management: view-realm, view-users and view-clients/m,
    )
    expect(code).toBe(1)
  })

  test('a profile that is not JSON', async () => {
    const folder = writeProfile('work', {})
    writeFileSync(join(folder, 'cloakwright', 'profiles', 'work.json'), `{"secret": ${secret}}`)
    const { stderr } = await runHere([...search, '--profile', 'work'], { XDG_CONFIG_HOME: folder })
    expect(stderr).toContain('work.json is not a JSON object (CW_CONFIG_INVALID)')
    expect(stderr).not.toContain(secret)
  })
})
