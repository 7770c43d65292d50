import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expect, test } from 'vitest'
import { launcher, runCli, temporaryFolder } from '../../support/program.ts'
import { writeProfile } from '../../support/shop.ts'

/** The completions of bash with the script for these words. The last one is being typed. */
function offers(words: readonly string[], folder = temporaryFolder()): string[] {
  const bin = temporaryFolder()
  writeFileSync(join(bin, 'cloakwright'), `#!/bin/sh\nexec ${launcher.join(' ')} "$@"\n`, { mode: 0o755 })
  // Calls the registered function as bash does.
  const script = `
set -eu
source <(cloakwright complete bash)
source <(cloakwright complete bash)
registered=$(complete -p cloakwright)
[[ $registered =~ -F\\ ([a-z_]+) ]]
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
"\${BASH_REMATCH[1]}" cloakwright "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "\${COMPREPLY[@]}"`
  const output = execFileSync('bash', ['--noprofile', '--norc', '-c', script, 'bash', ...words], {
    encoding: 'utf8',
    env: { PATH: [bin, process.env['PATH']].join(delimiter), XDG_CONFIG_HOME: folder },
    cwd: folder,
  })
  return output.split('\n').filter((line) => line !== '')
}

const isWindows = process.platform === 'win32'

test.skipIf(isWindows).each<[string, string[], string[]]>([
  ['a command', ['cloakwright', 'us'], ['users']],
  ['a command within', ['cloakwright', 'groups', 'me'], ['members']],
  ['an option', ['cloakwright', 'users', 'list', '--li'], ['--limit']],
  [
    'nothing of ours, for a value: then bash offers files',
    ['cloakwright', 'users', 'list', '--search', ''],
    [],
  ],
])('bash completes %s', (_, words, expected) => {
  expect(offers(words)).toEqual(expected)
})

test.skipIf(isWindows)('bash completes the name of a profile', () => {
  const folder = writeProfile('staging', {})
  expect(offers(['cloakwright', 'users', 'list', '--profile', 'st'], folder)).toEqual(['staging'])
})

test.skipIf(isWindows)('bash does not evaluate typed text', () => {
  const folder = temporaryFolder()
  offers(['cloakwright', 'users', 'get', '$(touch canary)'], folder)
  offers(['cloakwright', 'users', 'get', '`touch canary`;touch canary', ''], folder)
  expect(existsSync(join(folder, 'canary'))).toBe(false)
})

test('the scripts of other shells call the same command', async () => {
  for (const shell of ['zsh', 'fish']) {
    const { code, stdout } = await runCli(['complete', shell])
    expect(stdout).toContain('cloakwright complete --')
    expect(code).toBe(0)
  }
  const { code, stderr } = await runCli(['complete', 'csh'])
  expect(stderr).toMatch(/No completion script for csh[^]*bash, zsh, fish/)
  expect(code).toBe(2)
})
