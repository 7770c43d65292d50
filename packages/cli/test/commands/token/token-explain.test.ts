import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAdmin } from '@cloakwright/admin'
import { applyPlan, defineRealm, planRealm } from '@cloakwright/admin/realm'
import { createDevRealm, type DevRealm } from '@cloakwright/devrealm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runHere } from '../../support/in-process.ts'
import { temporaryFolder } from '../../support/program.ts'

const definition = defineRealm({
  realm: 'shop',
  roles: { realm: [{ name: 'admin' }], client: { 'shop-api': [{ name: 'stock-keeper' }] } },
  clients: [
    { clientId: 'shop-api' },
    {
      clientId: 'web',
      publicClient: true,
      directAccessGrantsEnabled: true,
      protocolMappers: [
        {
          name: 'audience',
          protocolMapper: 'oidc-audience-mapper',
          config: { 'included.client.audience': 'shop-api', 'access.token.claim': 'true' },
        },
      ],
    },
  ],
  users: [
    {
      username: 'alice',
      password: 'alice',
      email: 'canary@example.org',
      firstName: 'Alice',
      lastName: 'Liddell',
      roles: { realm: ['admin'], client: { 'shop-api': ['stock-keeper'] } },
    },
  ],
})
let realm: DevRealm
let issuer: string
let token: string
let idToken: string

beforeAll(async () => {
  const credentials = { username: 'admin', password: 'admin' }
  realm = await createDevRealm({ admin: credentials })
  const server = await realm.listen()
  const admin = createAdmin({ server, credentials })
  await applyPlan(admin, await planRealm(admin, definition))
  issuer = `${server}/realms/shop`
  const body = new URLSearchParams({
    grant_type: 'password',
    client_id: 'web',
    username: 'alice',
    password: 'alice',
    scope: 'openid',
  })
  const answer = await fetch(`${issuer}/protocol/openid-connect/token`, { method: 'POST', body })
  const tokens = (await answer.json()) as { access_token: string; id_token: string }
  token = tokens.access_token
  idToken = tokens.id_token
})
afterAll(() => realm.close())

const explain = (args: readonly string[], input = token) =>
  runHere(['token', 'explain', '--issuer', issuer, '--audience', 'shop-api', ...args], {}, input)

/** Expects neither the signature nor a claim that is not compared. */
function expectNoSecrets(output: { stdout: string; stderr: string }): void {
  const text = output.stdout + output.stderr
  for (const each of [token, idToken]) {
    expect(text).not.toContain(each.slice(each.lastIndexOf('.') + 1).slice(0, 8))
    expect(text).not.toContain(each.split('.')[1])
  }
  expect(text).not.toContain('canary')
}

test('prints every check and the claim names of an accepted token, and exits with 0', async () => {
  const output = await explain([])
  expect(output.stderr).toBe('')
  expect(output.stdout.split('\n')).toEqual([
    'token',
    '  ✓ form',
    '  ✓ algorithm: "RS256"',
    expect.stringMatching(/^ {2}✓ key: "[\w-]+"$/),
    '  ✓ signature',
    '  ✓ type: "Bearer", in the header "JWT"',
    `  ✓ issuer: "${issuer}"`,
    expect.stringMatching(/^ {2}✓ times: iat 20\d\d-.*Z, exp 20\d\d-.*Z$/),
    expect.stringMatching(/^ {2}✓ audience: .*"shop-api"/),
    '  ✓ authorized party: "web"',
    '  ✓ claims',
    '  ✓ binding',
    expect.stringMatching(/^ {2}claims: .*\bemail\b/),
    '',
    'allowed',
    '',
  ])
  expect(output.code).toBe(0)
  expectNoSecrets(output)
})

test('prints the parts of a policy that allows the token', async () => {
  const file = join(temporaryFolder(), 'token')
  writeFileSync(file, `${token}\n`)
  const args = [
    '--role',
    'admin',
    '--client-role',
    'shop-api:stock-keeper',
    '--scope',
    'openid',
    '--scope',
    'email',
  ]
  const output = await explain([...args, '--acr', 'gold', '--acr', '1', '--token-file', file], '')
  expect(output.stderr).toBe('')
  expect(output.stdout).toContain(
    `
policy
  ✓ all of
    ✓ realm role admin
    ✓ role of client shop-api stock-keeper
    ✓ scope openid
    ✓ scope email
    ✓ acr gold or 1

allowed
`,
  )
  expect(output.code).toBe(0)
  expectNoSecrets(output)
})

test('prints each reason of a policy that refuses, and exits with 1', async () => {
  const args = ['--role', 'admin', '--role', 'auditor', '--group', '/staff', '--organization', 'acme']
  const output = await explain([...args, '--acr', 'gold', '--max-age', '300'])
  expect(output.stderr).toBe('')
  const lines = output.stdout.slice(output.stdout.indexOf('policy')).split('\n')
  expect(lines).toEqual([
    'policy',
    '  ✗ all of',
    '    ✓ realm role admin',
    '    ✗ realm role auditor: missing realm role: auditor',
    expect.stringMatching(/✗ group \/staff: missing group: \/staff .*mapper/),
    expect.stringMatching(/✗ organization acme: missing organization: acme .*organization:\*/),
    '    ✗ acr gold: acr is not gold',
    expect.stringContaining('✗ a login at most 300 s ago: the token has no auth_time'),
    '',
    'refused (CW_FORBIDDEN)',
    '',
  ])
  expect(output.code).toBe(1)
  expectNoSecrets(output)
})

test('refuses a weak login with CW_STEP_UP_REQUIRED', async () => {
  const output = await explain(['--role', 'admin', '--acr', 'gold'])
  expect(output.stdout).toContain('refused (CW_STEP_UP_REQUIRED)')
  expect(output.code).toBe(1)
})

describe('a policy from a module', () => {
  const cloakwright = new URL('../../../../cloakwright/dist/index.js', import.meta.url).href
  const module = `import { anyOf, check, not, role } from ${JSON.stringify(cloakwright)}
    export const open = anyOf(role('auditor'), not(role('guest')))
    export default check('owner of the order', () => { throw new TypeError('canary') })
    export const none = { role: 'admin' }`
  const write = () => {
    const file = join(temporaryFolder(), 'policies.mjs')
    writeFileSync(file, module)
    return file
  }

  test('is explained part by part', async () => {
    const output = await explain(['--policy', `${write()}#open`])
    expect(output.stderr).toBe('')
    expect(output.stdout).toContain('✗ realm role auditor: missing realm role: auditor\n    ✓ not\n')
    expect(output.code).toBe(0)
  })

  test('refuses when it throws', async () => {
    const output = await explain(['--policy', write()])
    expect(output.stdout).toContain('✗ owner of the order: it threw TypeError\n\nrefused\n')
    expect(output.code).toBe(1)
    expectNoSecrets(output)
  })

  test.each<[string, string, RegExp]>([
    ['an export that is not a policy', '#none', /the export none is not a policy.*CW_CONFIG_INVALID/],
    ['a missing export', '#constructor', /the export constructor is not a policy/],
    ['a missing file', '.none', /does not exist/],
  ])('is refused for %s', async (_name, end, reason) => {
    const { code, stderr } = await explain(['--policy', `${write()}${end}`])
    expect(stderr).toMatch(reason)
    expect(code).toBe(1)
  })
})

describe('a refused token has the failed check, the reason and the next step', () => {
  const another = (part: number, change: (text: string) => string) => () =>
    token
      .split('.')
      .map((segment, at) => (at === part ? change(segment) : segment))
      .join('.')
  const edited = (edit: (members: Record<string, unknown>) => void) => (segment: string) => {
    const members = JSON.parse(Buffer.from(segment, 'base64url').toString()) as Record<string, unknown>
    edit(members)
    return Buffer.from(JSON.stringify(members)).toString('base64url')
  }
  test.each<[string, () => string, RegExp]>([
    [
      'an ID token',
      () => idToken,
      /· signature\n {2}✗ type: "ID".*\n.*CW_TOKEN_TYPE[^]*→ Send the access token/,
    ],
    [
      'a changed claim',
      another(
        1,
        edited((claims) => {
          claims['sub'] = 'x'
        }),
      ),
      /✓ key: .*\n {2}✗ signature\n.*CW_TOKEN_SIGNATURE[^]*· type/,
    ],
    [
      'another algorithm',
      another(
        0,
        edited((header) => {
          header['alg'] = 'HS256'
        }),
      ),
      /✓ form\n {2}✗ algorithm: "HS256"\n.*CW_TOKEN_ALGORITHM/,
    ],
    [
      'control characters',
      another(
        0,
        edited((header) => {
          header['alg'] = '\u202E\u009B31m'
        }),
      ),
      /✗ algorithm: "\?\?31m"\n/,
    ],
    ['a string that is not a token', () => 'hello', /✗ form\n.*CW_TOKEN_MALFORMED/],
  ])('%s', async (_name, make, expected) => {
    const output = await explain(['--role', 'admin'], make())
    expect(output.stderr).toBe('')
    expect(output.stdout).toMatch(expected)
    expect(output.stdout).toContain('policy\n  · not checked: the token is refused\n\nrefused (CW_TOKEN_')
    expect(output.code).toBe(1)
    expectNoSecrets(output)
  })

  test('another audience, with the fix', async () => {
    const { stdout, code } = await runHere(
      ['token', 'explain', '--issuer', issuer, '--audience', 'other-api', '--audience', 'third-api'],
      {},
      token,
    )
    expect(stdout).toMatch(
      /✗ audience: .*\n.*"shop-api".*must include "other-api" or "third-api" \(CW_TOKEN_AUDIENCE\)\n.*→.*Add mapper/,
    )
    expect(code).toBe(1)
  })

  test('a refresh token of Keycloak, with the message that a service logs', async () => {
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const refreshToken = `${encode({ alg: 'HS512', typ: 'JWT', kid: 'k' })}.${encode({ typ: 'Refresh' })}.AAAA`
    const { stdout, code } = await runHere(
      ['token', 'explain', '--issuer', issuer, '--audience', 'shop-api'],
      {},
      refreshToken,
    )
    expect(stdout).toContain('✗ algorithm')
    expect(stdout).toContain('it is not an access token, but a refresh token (CW_TOKEN_TYPE)')
    expect(stdout).toContain('→ Send the access token, not the refresh token.')
    expect(code).toBe(1)
  })

  test('a realm that does not exist, with the cause', async () => {
    const args = ['token', 'explain', '--issuer', `${issuer}2`, '--audience', 'shop-api']
    const { stdout, code } = await runHere(args, {}, token)
    expect(stdout).toMatch(/✗ key: .*\n.*CW_KEYS_UNAVAILABLE\)\n.*CW_DISCOVERY_FAILED\)/)
    expect(code).toBe(1)
  })
})

test('--json prints the same result', async () => {
  const output = await explain(['--role', 'auditor', '--json'])
  expect(JSON.parse(output.stdout)).toMatchObject({
    allowed: false,
    token: {
      accepted: true,
      steps: expect.arrayContaining([{ check: 'algorithm', state: 'passed', found: '"RS256"' }]),
      claims: expect.arrayContaining(['sub', 'email']),
    },
    policy: {
      description: 'realm role auditor',
      allowed: false,
      code: 'CW_FORBIDDEN',
      reason: 'missing realm role: auditor',
    },
  })
  expect(output.code).toBe(1)
  expectNoSecrets(output)
})

describe('refuses', () => {
  test.each<[string, readonly string[], string, number, RegExp]>([
    ['nothing on standard input', [], ' \n', 1, /The input is empty.*CW_TOKEN_MISSING/],
    [
      'a file that does not exist',
      ['--token-file', '/nowhere/canary'],
      '',
      1,
      /could not read the file \(ENOENT\)/,
    ],
    ['no issuer', ['--issuer', 'shop'], 'x', 1, /CW_CONFIG_INVALID/],
    ['the audience account', ['--audience', 'account'], 'x', 1, /CW_CONFIG_INSECURE/],
    ['a client role without a client', ['--client-role', 'admin'], 'x', 1, /has no client[^]*CLIENT:ROLE/],
    ['an empty role', ['--role', ''], 'x', 1, /CW_CONFIG_INVALID/],
    ['an invalid age', ['--max-age', 'x'], 'x', 2, /number of seconds/],
  ])('%s', async (_name, args, input, code, reason) => {
    const output = await explain(args, input)
    expect(output.stderr).toMatch(reason)
    expect(output.stderr).not.toContain('canary')
    expect(output.code).toBe(code)
  })

  test('a token on the command line, without printing it', async () => {
    for (const args of [
      ['token', token],
      ['token', 'explain', token],
      ['token', `--token=${token}`],
    ]) {
      const output = await runHere(args)
      expectNoSecrets(output)
      expect(output.code).toBe(2)
    }
  })
})
