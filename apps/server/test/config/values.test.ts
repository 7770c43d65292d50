import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CloakwrightError } from 'cloakwright'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { type Config, loadConfig, loadRealmConfig } from '../../src/config/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'cloakwright-values-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const key = Buffer.alloc(32, 7).toString('base64')

/** All variables of a server in production, so that one invalid value is the only problem. */
const production: NodeJS.ProcessEnv = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://app.example.com',
  DATABASE_URL: 'postgresql://app:pw@db:5432/app',
  KEYCLOAK_SERVER: 'https://login.example.com',
  KEYCLOAK_CLIENT_SECRET: 'given',
  SESSION_KEYS: `k1:${key}`,
}

function problemOf(env: NodeJS.ProcessEnv): CloakwrightError {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof CloakwrightError) return error
    throw error
  }
  throw new Error('accepted')
}

/** Values that are invalid for any variable. */
const untidy = [' 80', '80 ', '\t80', '8\n0', '80\r', 'a\u0000b', 'a\u007f', 'a\u2028b']

const ports = [
  '0',
  '-1',
  '65536',
  '0x50',
  '1e3',
  '8_0',
  '+80',
  '080',
  '80.0',
  '80x',
  '８０',
  'true',
  'NaN',
  'Infinity',
]
const urls = [
  'true',
  'localhost:8000',
  '//app.example.com',
  'ftp://app.example.com',
  'javascript:alert(1)',
  'https:app.example.com',
  'https:/app.example.com',
  'https:\\\\app.example.com',
  'https://',
  'https://app.example.com?x=1',
  'https://app.example.com?',
  'https://app.example.com/#',
  'https://user@app.example.com',
  ['https://user', 's3cr3t-canary@app.example.com'].join(':'),
  'https://@app.example.com',
  'https://*.example.com',
  'https://*',
  'https://.example.com',
  'https://app..example.com',
  'https://app.example.com.',
  'https://-.example.com',
  'https://app example.com',
  'https://app%2eexample.com',
  'https://0.0.0.0',
  'https://[::]',
  'https://[::1',
  'https://[::1%25eth0]',
  'https://0x7f.1',
  'https://127.1',
  'https://2130706433',
  'https://1.2.3.4.5',
  'https://app.example.com:0',
  'https://app.example.com:65536',
  'https://app.example.com:080',
  'https://app.example.com:',
  'https://app.example.com/a/../b',
  'https://app.example.com, https://other.example.com',
]
const names = ['a/b', '..', '.', 'a\\b', 'a?b', 'a#b', 'a%b', 'a;b', '*', 'a\u202eb', 'x'.repeat(256)]

const bad: Readonly<Record<string, readonly string[]>> = {
  PORT: ports,
  HOST: [
    'bad host',
    'http://0.0.0.0',
    '0.0.0.0:8000',
    '[::1]',
    '*',
    '127.1',
    '0x7f.1',
    '2130706433',
    '1.2.3.4.5',
    '-a',
    'a..b',
    ',',
    '127.0.0.1,',
    '127.0.0.1,127.0.0.1',
  ],
  PUBLIC_URL: [...urls, 'https://app.example.com/app', 'https://app.example.com/?', 'http://app.example.com'],
  DATABASE_URL: [
    'true',
    'app',
    'mysql://app:s3cr3t-canary@db/app',
    'postgresql:app',
    'postgresql://app:s3cr3t-canary@db',
    'postgresql://app:s3cr3t-canary@db/',
    'postgresql://app:s3cr3t-canary@db/app/other',
    'postgresql:///app',
    'postgresql://app:s3cr3t-canary@db../app',
    'postgresql://app:s3cr3t-canary#x@db/app',
    'postgresql://app:s3cr3t-canary%x@db/app',
    'postgresql://app:s3cr3t-canary%ffx@db/app',
    'postgresql://app:s3cr3t-canary@*/app',
    'postgresql://app:s3cr3t-canary@one,two/app',
    'postgresql://app:s3cr3t-canary@db:0/app',
    'postgresql://app:s3cr3t-canary@db:99999/app',
    'postgresql://app:s3cr3t-canary@db/app?sslmode=requre',
  ],
  KEYCLOAK_SERVER: [...urls, 'http://login.example.com', 'https://login.example.com/realms/shop'],
  KEYCLOAK_INTERNAL_URL: urls.map((url) => url.replace('app.example.com.', 'app.example.com..')),
  KEYCLOAK_PORT: [...ports, 'tcp://10.0.0.1:8080'],
  KEYCLOAK_REALM: names,
  KEYCLOAK_CLIENT_ID: [...names, 'account'],
  KEYCLOAK_CLIENT_SECRET: ['**********'],
  KEYCLOAK_WAIT: ['-1', '3601', 'soon', '1.5', '1e3', '0x10', '010', 'true', 'Infinity'],
  SESSION_KEYS: [
    's3cr3t-canary',
    key,
    `:${key}`,
    `k1:`,
    'k1:c2hvcnQ=',
    `k1:${key},`,
    `k1:${key},k1:${key}`,
    `k 1:${key}`,
    `${'k'.repeat(33)}:${key}`,
    `k1:${key}!`,
    `k1:${key};k2:${key}`,
  ],
  TRUSTED_PROXIES: [
    'true',
    '*',
    '1',
    'loopback',
    'proxy.example.com',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/',
    '10.0.0.0/255.0.0.0',
    '0.0.0.0/0',
    '::/0',
    '::1/129',
    'fe80::1%eth0',
    '10.0.0.1:80',
    '10.0.0.1,',
    '010.0.0.1',
  ],
  CLOAKWRIGHT_HOME: [
    '~',
    '~/state',
    '~root/state',
    'file:///var/lib/state',
    'https://example.com',
    '/proc/x',
  ],
  LOG_LEVEL: ['loud', 'INFO', 'warning', '30', 'true', 'info,debug'],
  NODE_ENV: ['prod', 'Production', 'PRODUCTION', 'staging', 'live', 'true'],
  EXPOSE: ['true', 'all', '*', 'metric', 'metrics docs', 'metrics,', ',', 'metrics,metrics', '/metrics'],
  KC_BOOTSTRAP_ADMIN_USERNAME: names,
}

describe.each(Object.entries({ ...bad, KC_BOOTSTRAP_ADMIN_PASSWORD: [] }))('%s', (variable, values) => {
  test.each([...values, ...untidy])('%j is refused with the variable, the reason and the fix', (value) => {
    const { code, message, hint } = problemOf({ ...production, [variable]: value })
    expect(code).toMatch(/^CW_CONFIG_IN(?:VALID|SECURE)$/)
    const lines = message.split('\n')
    expect(lines.map((line) => line.split(' ')[0])).toEqual([variable])
    expect(lines[0]?.length).toBeGreaterThan(variable.length + 5)
    expect(hint?.startsWith(`${variable}: `)).toBe(true)
    expect(`${message}${hint}`).not.toMatch(/s3cr3t|canary/)
  })
})

describe.each(['KEYCLOAK_CLIENT_SECRET', 'DATABASE_URL', 'SESSION_KEYS', 'KC_BOOTSTRAP_ADMIN_PASSWORD'])(
  '%s_FILE',
  (variable) => {
    const file = (name: string, content: string | Buffer): string => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    }
    const files: readonly (readonly [string, () => string])[] = [
      ['that does not exist', () => join(folder, 'absent')],
      ['that is a folder', () => folder],
      ['that is a device without end', () => '/dev/zero'],
      ['that is a pipe', () => pipe()],
      ['below a file', () => join(file('plain', 'x'), 'secret')],
      ['that is a link to nowhere', () => link()],
      ['that is empty', () => file('empty', '')],
      ['that has a line break alone', () => file('blank', '\n')],
      ['that is too large', () => file('large', 'x'.repeat(70_000))],
      ['of two lines', () => file('lines', 'one\ntwo\n')],
      ['with a NUL', () => file('nul', 'one\u0000two')],
      ['in UTF-16', () => file('utf16', Buffer.from('secret', 'utf16le'))],
    ]
    test.each(files)('%s is refused with the variable', (_what, path) => {
      const { code, message, hint } = problemOf({
        ...production,
        [variable]: undefined,
        [`${variable}_FILE`]: path(),
      })
      expect(code).toBe('CW_CONFIG_INVALID')
      expect(message.split(' ')[0]).toBe(`${variable}_FILE`)
      expect(message.split('\n')).toHaveLength(1)
      expect(hint).toMatch(/^[A-Z_]+: ./)
    })

    test('together with the variable itself is refused', () => {
      const both = { [variable]: production[variable] ?? 'x', [`${variable}_FILE`]: file('both', 'x') }
      expect(problemOf({ ...production, ...both }).message).toMatch(
        `${variable} is set, but ${variable}_FILE is set too`,
      )
    })
  },
)

describe('valid values are used unchanged', () => {
  test.each<[string, string, (config: Config) => unknown, unknown]>([
    ['PORT', '80', ({ port }) => port, 80],
    ['HOST', '0.0.0.0', ({ hosts }) => hosts, ['0.0.0.0']],
    ['HOST', '127.0.0.1, ::1', ({ hosts }) => hosts, ['127.0.0.1', '::1']],
    ['HOST', 'my_host-1.internal', ({ hosts }) => hosts, ['my_host-1.internal']],
    ['PUBLIC_URL', 'https://app.example.com/', ({ publicUrl }) => publicUrl, 'https://app.example.com'],
    ['PUBLIC_URL', 'HTTPS://App.Example.com:443', ({ publicUrl }) => publicUrl, 'https://app.example.com'],
    ['PUBLIC_URL', 'https://[2001:db8::1]:8443', ({ publicUrl }) => publicUrl, 'https://[2001:db8::1]:8443'],
    ['PUBLIC_URL', 'https://bücher.example', ({ publicUrl }) => publicUrl, 'https://xn--bcher-kva.example'],
    ['PUBLIC_URL', 'http://127.0.0.1:8000', ({ publicUrl }) => publicUrl, 'http://127.0.0.1:8000'],
    [
      'KEYCLOAK_SERVER',
      'https://kc.example.com/auth/',
      (c) => c.keycloak.server,
      'https://kc.example.com/auth',
    ],
    [
      'KEYCLOAK_INTERNAL_URL',
      'http://key_cloak:8080',
      (c) => c.keycloak.internalUrl,
      'http://key_cloak:8080',
    ],
    [
      'KEYCLOAK_INTERNAL_URL',
      'http://kc.shop.svc.cluster.local.:8080/auth',
      (c) => c.keycloak.internalUrl,
      'http://kc.shop.svc.cluster.local.:8080/auth',
    ],
    ['KEYCLOAK_REALM', 'My Realm', (c) => c.keycloak.realm, 'My Realm'],
    ['KEYCLOAK_WAIT', '0', (c) => c.keycloak.wait, 0],
    ['TRUSTED_PROXIES', '10.0.0.0/8, ::1', (c) => c.trustedProxies, ['10.0.0.0/8', '::1']],
    ['LOG_LEVEL', 'silent', (c) => c.logLevel, 'silent'],
    ['EXPOSE', 'metrics', (c) => c.exposed, ['metrics']],
    ['EXPOSE', 'docs, metrics', (c) => c.exposed, ['docs', 'metrics']],
    ['EXPOSE', '', (c) => c.exposed, []],
    ['NODE_ENV', 'production', (c) => c.production, true],
    ['KC_BOOTSTRAP_ADMIN_PASSWORD', '', (c) => c.administrator.password, 'admin'],
    ['KC_BOOTSTRAP_ADMIN_PASSWORD', 'p w#%é', (c) => c.administrator.password, 'p w#%é'],
  ])('%s %j', (variable, value, read, expected) => {
    expect(read(loadConfig({ ...production, [variable]: value }))).toEqual(expected)
  })

  test.each([
    'postgres://app:s3cr3t-canary%23@db:5432/app?sslmode=verify-full',
    'postgresql://db/app',
    'postgresql:///app?host=/var/run/postgresql',
    'postgresql://%2Fvar%2Frun%2Fpostgresql/app',
    'postgresql://app@[::1]:5432/app',
    'postgresql://app:pw@pg.shop.svc.cluster.local.:5432/app',
  ])('DATABASE_URL %s', (url) => {
    expect(loadConfig({ ...production, DATABASE_URL: url }).databaseUrl?.()).toBe(url)
  })

  test.each(['development', 'test', '', undefined])('NODE_ENV %s is not production', (mode) => {
    const config = loadConfig({ NODE_ENV: mode })
    expect([config.production, config.exposed]).toEqual([false, ['metrics', 'docs']])
  })
})

test('unknown variables with names like ours are reported; others are not', () => {
  const { unknownVariables } = loadConfig({
    ...production,
    KEYCLOAK_URL: 'https://login.example.com',
    KEYCLOAK_CLIENTID: 'x',
    CLOAKWRIGHT_HOEM: '/x',
    PORT_FILE: '/x',
    PUBLIC_URL_FILE: '/x',
    // Variables of Kubernetes, the command line and the tests, and empty ones.
    KEYCLOAK_SERVICE_HOST: '10.0.0.1',
    KEYCLOAK_PORT_8080_TCP_ADDR: '10.0.0.1',
    KEYCLOAK_HOME: '/opt/keycloak',
    CLOAKWRIGHT_AUDIT: '/x',
    CLOAKWRIGHT_VECTORS: '/x',
    KEYCLOAK_EMPTY: '',
    PATH: '/usr/bin',
  })
  expect(unknownVariables.toSorted()).toEqual([
    'CLOAKWRIGHT_HOEM',
    'KEYCLOAK_CLIENTID',
    'KEYCLOAK_URL',
    'PORT_FILE',
    'PUBLIC_URL_FILE',
  ])
})

test('an invalid value is always reported with its variable', () => {
  const variable = fc.constantFrom(...Object.keys(bad), 'DATABASE_URL_FILE', 'SESSION_KEYS_FILE')
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.webUrl({ withFragments: true, withQueryParameters: true }),
    fc.constantFrom(...Object.values(bad).flat()),
    fc.ipV6(),
  )
  fc.assert(
    fc.property(variable, value, fc.boolean(), (name, text, isProduction) => {
      for (const load of [loadConfig, loadRealmConfig]) {
        try {
          load({ ...(isProduction ? production : {}), [name]: text })
        } catch (error) {
          expect(error).toBeInstanceOf(CloakwrightError)
          expect((error as CloakwrightError).code).toMatch(/^CW_CONFIG_/)
        }
      }
    }),
    { numRuns: 2000 },
  )
})

function pipe(): string {
  const path = join(folder, 'pipe')
  rmSync(path, { force: true })
  execFileSync('mkfifo', [path])
  return path
}

function link(): string {
  const path = join(folder, 'link')
  rmSync(path, { force: true })
  mkdirSync(folder, { recursive: true })
  symlinkSync(join(folder, 'nowhere'), path)
  return path
}
