import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CloakwrightError } from 'cloakwright'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  administrator,
  bootstrapAdmin,
  keycloakPort,
  keycloakRealm,
  keycloakServer,
  partFolder,
} from '../../src/environment/variables.ts'

const folder = mkdtempSync(join(tmpdir(), 'cloakwright-cli-environment-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
beforeEach(() => {
  for (const name of Object.keys(process.env))
    if (/^(?:KEYCLOAK|KC|CLOAKWRIGHT)_/.test(name)) vi.stubEnv(name, undefined)
})
afterEach(() => {
  vi.unstubAllEnvs()
})

function problemOf(read: () => unknown): CloakwrightError {
  try {
    read()
  } catch (error) {
    if (error instanceof CloakwrightError) return error
    throw error
  }
  throw new Error('accepted')
}

const untidy = [' 80', '80 ', '8\n0', '80\r', 'a\u007f']
const readers: Readonly<Record<string, readonly [read: () => unknown, values: readonly string[]]>> = {
  KEYCLOAK_PORT: [
    keycloakPort,
    ['0', '-1', '65536', '0x50', '1e3', '080', '80.0', 'true', 'tcp://10.0.0.1:8080'],
  ],
  KEYCLOAK_SERVER: [
    keycloakServer,
    [
      'true',
      'localhost:8080',
      'ftp://localhost',
      'http:localhost',
      'http://user:c4nary@localhost',
      'http://localhost?x',
      'http://localhost/#x',
      'http://*',
      'http://*.example.com',
    ],
  ],
  KEYCLOAK_REALM: [keycloakRealm, ['a/b', '..', 'a?b', 'a#b', 'a%b', '*']],
  CLOAKWRIGHT_HOME: [() => partFolder('devrealm'), []],
  KC_BOOTSTRAP_ADMIN_USERNAME: [bootstrapAdmin, []],
  KC_BOOTSTRAP_ADMIN_PASSWORD: [bootstrapAdmin, []],
  KC_BOOTSTRAP_ADMIN_PASSWORD_FILE: [bootstrapAdmin, [join(folder, 'absent'), folder]],
}

describe.each(Object.entries(readers))('%s', (name, [read, values]) => {
  test.each([...values, ...untidy])('refuses %j, with its name and a fix', (value) => {
    vi.stubEnv(name, value)
    const { code, message, hint } = problemOf(read)
    expect(code).toBe('CW_CONFIG_INVALID')
    expect(message).toMatch(new RegExp(`^${name}[: ]`))
    expect(hint).toMatch(/./)
    expect(`${message}${hint}`).not.toContain('c4nary')
  })

  test('treats an empty value as unset', () => {
    const unset = read()
    vi.stubEnv(name, '')
    expect(read()).toEqual(unset)
  })
})

test.each([
  ['empty', ''],
  ['too large', 'x'.repeat(70_000)],
])('refuses a password file that is %s', (_what, content) => {
  const file = join(folder, 'secret')
  writeFileSync(file, content)
  vi.stubEnv('KC_BOOTSTRAP_ADMIN_PASSWORD_FILE', file)
  expect(problemOf(bootstrapAdmin).message).toMatch(/^KC_BOOTSTRAP_ADMIN_PASSWORD_FILE: /)
})

test('refuses a password together with its file', () => {
  vi.stubEnv('KC_BOOTSTRAP_ADMIN_PASSWORD', 'one')
  vi.stubEnv('KC_BOOTSTRAP_ADMIN_PASSWORD_FILE', join(folder, 'other'))
  expect(problemOf(() => administrator('http://localhost:8080')).message).toMatch(
    /^KC_BOOTSTRAP_ADMIN_PASSWORD and KC_BOOTSTRAP_ADMIN_PASSWORD_FILE are both set/,
  )
})
