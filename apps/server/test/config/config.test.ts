import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CloakwrightError } from 'cloakwright'
import { afterAll, describe, expect, test } from 'vitest'
import { loadConfig, loadRealmConfig } from '../../src/config/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'cloakwright-config-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const sessionKey = Buffer.alloc(32, 7).toString('base64')
const production = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://app.example.com',
  DATABASE_URL: 'postgresql://app:s3cr3t-canary@db:5432/app',
  KEYCLOAK_SERVER: 'https://login.example.com',
  KEYCLOAK_CLIENT_SECRET: 's3cr3t-canary',
  SESSION_KEYS: `k1:${sessionKey}`,
}

function problem(env: NodeJS.ProcessEnv): CloakwrightError {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof CloakwrightError) return error
    throw error
  }
  throw new Error('the configuration was accepted')
}

describe('defaults', () => {
  const config = loadConfig({ CLOAKWRIGHT_HOME: folder })

  test('are the embedded parts on loopback', () => {
    expect(config).toMatchObject({
      production: false,
      port: 8000,
      hosts: undefined,
      publicUrl: 'http://localhost:8000',
      databaseUrl: undefined,
      trustedProxies: [],
      keycloak: {
        embedded: true,
        port: 8080,
        server: 'http://localhost:8080',
        internalUrl: 'http://localhost:8080',
        realm: 'cloakwright',
        clientId: 'cloakwright-app',
        issuer: 'http://localhost:8080/realms/cloakwright',
        wait: 120,
      },
    })
  })

  test('an empty variable counts as unset', () => {
    expect(loadConfig({ PORT: '', KEYCLOAK_SERVER: ' ', DATABASE_URL: '' }).keycloak.embedded).toBe(true)
  })

  test('PUBLIC_URL uses PORT, the embedded realm KEYCLOAK_PORT', () => {
    const other = loadConfig({ PORT: '8123', KEYCLOAK_PORT: '8124' })
    expect(other.publicUrl).toBe('http://localhost:8123')
    expect(other.keycloak.issuer).toBe('http://localhost:8124/realms/cloakwright')
  })

  test('the secret and the session keys are created once and kept', async () => {
    const secret = await config.clientSecret()
    expect(secret.length).toBeGreaterThan(30)
    expect(config.clientSecretFile).toBe(join(folder, 'client-secret'))
    expect(statSync(join(folder, 'client-secret')).mode & 0o777).toBe(0o600)
    const [key] = await config.sessionKeys()
    expect(key?.key.length).toBe(32)
    const again = loadConfig({ CLOAKWRIGHT_HOME: folder })
    expect(await again.clientSecret()).toBe(secret)
    expect(await again.sessionKeys()).toEqual(await config.sessionKeys())
  })

  test('the secret is generated for a Keycloak on loopback too', () => {
    expect(loadConfig({ KEYCLOAK_SERVER: 'http://127.0.0.1:8080/' }).clientSecretFile).toMatch(
      /client-secret$/,
    )
  })
})

describe('Keycloak', () => {
  test.each(['https://login.example.com', 'https://login.example.com/', 'https://login.example.com//'])(
    '%s',
    (server) => {
      const { keycloak } = loadConfig({ KEYCLOAK_SERVER: server, KEYCLOAK_CLIENT_SECRET: 'x' })
      expect(keycloak).toMatchObject({ embedded: false, server: 'https://login.example.com' })
      expect(keycloak.issuer).toBe('https://login.example.com/realms/cloakwright')
    },
  )

  test('keeps a path, encodes the realm, separates the internal URL', () => {
    const { keycloak } = loadConfig({
      KEYCLOAK_SERVER: 'https://example.com/auth/',
      KEYCLOAK_INTERNAL_URL: 'http://keycloak:8080/auth/',
      KEYCLOAK_REALM: 'My Realm',
      KEYCLOAK_CLIENT_SECRET: 'x',
    })
    expect(keycloak.issuer).toBe('https://example.com/auth/realms/My%20Realm')
    expect(keycloak.internalUrl).toBe('http://keycloak:8080/auth')
  })
})

describe('secrets in files', () => {
  test('are read again when the file changes, and the last valid value is used while it is replaced', async () => {
    const secretFile = join(folder, 'given-secret')
    writeFileSync(secretFile, 'first\n')
    const config = loadConfig({ KEYCLOAK_CLIENT_SECRET_FILE: secretFile })
    expect(await config.clientSecret()).toBe('first')
    writeFileSync(secretFile, 'second\n')
    expect(await config.clientSecret()).toBe('second')
    rmSync(secretFile)
    expect(await config.clientSecret()).toBe('second')
    expect(config.clientSecretFile).toBe(secretFile)
  })

  test('DATABASE_URL_FILE and SESSION_KEYS_FILE', async () => {
    writeFileSync(join(folder, 'url'), 'postgresql://app:pw@db/app\n')
    writeFileSync(join(folder, 'keys'), `new:${sessionKey},old:${sessionKey}\n`)
    const config = loadConfig({
      DATABASE_URL_FILE: join(folder, 'url'),
      SESSION_KEYS_FILE: join(folder, 'keys'),
    })
    expect(config.databaseUrl?.()).toBe('postgresql://app:pw@db/app')
    expect((await config.sessionKeys()).map((key) => key.id)).toEqual(['new', 'old'])
  })

  test('setting both forms is refused', () => {
    expect(problem({ KEYCLOAK_CLIENT_SECRET: 'a', KEYCLOAK_CLIENT_SECRET_FILE: 'b' }).message).toContain(
      '_FILE',
    )
  })
})

describe('problems name the variable, the value found, the reason and the fix', () => {
  test.each<[string, NodeJS.ProcessEnv, string]>([
    ['PORT', { PORT: '80x' }, 'CW_CONFIG_INVALID'],
    ['PORT', { PORT: '0' }, 'CW_CONFIG_INVALID'],
    ['PORT', { PORT: '65536' }, 'CW_CONFIG_INVALID'],
    ['HOST', { HOST: 'bad host' }, 'CW_CONFIG_INVALID'],
    ['PUBLIC_URL', { PUBLIC_URL: 'localhost:8000' }, 'CW_CONFIG_INVALID'],
    ['PUBLIC_URL', { PUBLIC_URL: 'http://localhost:8000/app' }, 'CW_CONFIG_INVALID'],
    ['DATABASE_URL', { DATABASE_URL: 'mysql://app:s3cr3t-canary@db/app' }, 'CW_CONFIG_INVALID'],
    ['DATABASE_URL', { DATABASE_URL: 'postgresql://app:s3cr3t-canary@db' }, 'CW_CONFIG_INVALID'],
    ['DATABASE_URL', { DATABASE_URL: 's3cr3t-canary' }, 'CW_CONFIG_INVALID'],
    ['DATABASE_URL_FILE', { DATABASE_URL_FILE: join(folder, 'absent') }, 'CW_CONFIG_INVALID'],
    ['KEYCLOAK_SERVER', { KEYCLOAK_SERVER: 'ftp://x', KEYCLOAK_CLIENT_SECRET: 'x' }, 'CW_CONFIG_INVALID'],
    ['KEYCLOAK_PORT', { KEYCLOAK_PORT: '-1' }, 'CW_CONFIG_INVALID'],
    ['KEYCLOAK_INTERNAL_URL', { KEYCLOAK_INTERNAL_URL: 'http://keycloak:8080' }, 'CW_CONFIG_INVALID'],
    ['KEYCLOAK_REALM', { KEYCLOAK_REALM: 'a/b' }, 'CW_CONFIG_INVALID'],
    ['KEYCLOAK_REALM', { KEYCLOAK_REALM: '..' }, 'CW_CONFIG_INVALID'],
    ['KEYCLOAK_CLIENT_ID', { KEYCLOAK_CLIENT_ID: 'account' }, 'CW_CONFIG_INSECURE'],
    ['KEYCLOAK_CLIENT_SECRET', { KEYCLOAK_SERVER: 'https://login.example.com' }, 'CW_CONFIG_MISSING'],
    ['KEYCLOAK_WAIT', { KEYCLOAK_WAIT: 'soon' }, 'CW_CONFIG_INVALID'],
    ['SESSION_KEYS', { SESSION_KEYS: 's3cr3t-canary' }, 'CW_CONFIG_INVALID'],
    ['SESSION_KEYS', { SESSION_KEYS: 'k1:c2hvcnQ=' }, 'CW_CONFIG_INVALID'],
    ['SESSION_KEYS', { SESSION_KEYS: `k1:${sessionKey},k1:${sessionKey}` }, 'CW_CONFIG_INVALID'],
    ['TRUSTED_PROXIES', { TRUSTED_PROXIES: 'true' }, 'CW_CONFIG_INVALID'],
    ['TRUSTED_PROXIES', { TRUSTED_PROXIES: '10.0.0.0/33' }, 'CW_CONFIG_INVALID'],
    ['LOG_LEVEL', { LOG_LEVEL: 'loud' }, 'CW_CONFIG_INVALID'],
    ['PUBLIC_URL', { ...production, PUBLIC_URL: 'http://app.example.com' }, 'CW_CONFIG_INSECURE'],
    ['KEYCLOAK_SERVER', { ...production, KEYCLOAK_SERVER: 'http://login.example.com' }, 'CW_CONFIG_INSECURE'],
    ['KEYCLOAK_SERVER', { ...production, KEYCLOAK_SERVER: undefined }, 'CW_CONFIG_MISSING'],
    ['DATABASE_URL', { ...production, DATABASE_URL: undefined }, 'CW_CONFIG_MISSING'],
    ['SESSION_KEYS', { ...production, SESSION_KEYS: '' }, 'CW_CONFIG_MISSING'],
    ['KEYCLOAK_CLIENT_SECRET', { ...production, KEYCLOAK_CLIENT_SECRET: '' }, 'CW_CONFIG_MISSING'],
  ])('%s %o', (variable, env, code) => {
    const error = problem(env)
    expect(error.code).toBe(code)
    expect(error.message.split('\n')).toHaveLength(1)
    expect(error.message.startsWith(`${variable} `)).toBe(true)
    expect(error.hint?.startsWith(`${variable}: `)).toBe(true)
    expect(`${error.message}${error.hint}`).not.toContain('s3cr3t-canary')
  })

  test.each([
    { PUBLIC_URL: 'https://u:c4nary@app.example.com' },
    { KEYCLOAK_SERVER: 'https://u:c4n@ry:c4nary@kc.example.com/' },
    { KEYCLOAK_SERVER: 'http://127.0.0.1', KEYCLOAK_INTERNAL_URL: 'http://u:c4nary@kc:8080' },
    { DATABASE_URL: 'c4nary:5432/app' },
  ])('and never repeat credentials: %o', (env) => {
    const { message, hint } = problem(env)
    expect(message).toContain(Object.keys(env).at(-1))
    expect(`${message}${hint}`).not.toMatch(/c4n/i)
  })

  test('several are reported together', () => {
    const error = problem({ NODE_ENV: 'production', PORT: 'x' })
    const variables = error.message.split('\n').map((line) => line.split(' ')[0])
    expect(variables.toSorted((a = '', b = '') => a.localeCompare(b))).toEqual([
      'DATABASE_URL',
      'KEYCLOAK_CLIENT_SECRET',
      'KEYCLOAK_SERVER',
      'PORT',
      'SESSION_KEYS',
    ])
  })
})

test('a realm can be applied from a machine without a database', () => {
  const { DATABASE_URL: _url, SESSION_KEYS: _keys, ...env } = production
  expect(loadRealmConfig(env).keycloak.server).toBe('https://login.example.com')
})

test('production is accepted when all variables are set', () => {
  expect(loadConfig(production)).toMatchObject({ production: true, clientSecretFile: undefined })
})
