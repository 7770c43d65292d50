import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CloakwrightError } from 'cloakwright'
import { expect, test } from 'vitest'
import { readRealms } from '../../src/realm-files/export-file.ts'
import { temporaryFolder } from '../support/program.ts'

function written(content: string): string {
  const file = join(temporaryFolder(), 'realm.json')
  writeFileSync(file, content)
  return file
}

function refusal(file: string): CloakwrightError {
  try {
    readRealms(file)
  } catch (error) {
    if (error instanceof CloakwrightError) return error
    throw error
  }
  throw new Error('it was read')
}

test.each([
  ['one realm', '{"realm": "x"}', [{ realm: 'x' }]],
  ['a list', '[{"realm": "x"}, {"realm": "y"}]', [{ realm: 'x' }, { realm: 'y' }]],
  ['with the byte order mark of Windows’ tools', '\uFEFF{"realm": "x"}', [{ realm: 'x' }]],
])('reads %s', (_, content, realms) => {
  expect(readRealms(written(content))).toEqual(realms)
})

test.each<[string, string, string]>([
  ['an unexpected word', '{\n  "realm": "x",\n  "enabled": yes\n}\n', '3:14'],
  ['an unexpected word far into the file', `{"a": "${'a'.repeat(1000)}",\n"b": tru }`, '2:9'],
  ['a comma too many', '{\n  "realm": "x",\n}\n', '3:1'],
  ['a second value', '{}\n{}', '2:1'],
  ['cut off', '{"realm": "x", ', '1:16'],
  ['empty', '', '1:1'],
])('reports the place of a JSON syntax error: %s', (_, content, place) => {
  const file = written(content)
  expect(refusal(file)).toMatchObject({
    code: 'CW_REALM_INVALID',
    message: `${file}:${place}: JSON syntax error`,
  })
})

test('refuses an empty list', () => {
  expect(refusal(written('[]')).message).toContain('an empty list of realms')
})

test('reports why a file can’t be read', () => {
  expect(refusal('no-such.json')).toMatchObject({
    code: 'CW_CONFIG_MISSING',
    message: '--import: could not read no-such.json (ENOENT)',
  })
})

test('shows no content, which may be a secret', () => {
  const { message, hint } = refusal(written('{"realm": "x", "secret": canary-s3cr3t}'))
  expect(message).toContain(':1:26:')
  expect(`${message}${hint}`).not.toContain('s3cr3t')
})
