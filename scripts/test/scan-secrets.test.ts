import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cloakwright-secrets-'))
  execFileSync('git', ['init', '-q'], { cwd: folder })
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Tracks a file with this content and scans. */
function scan(text: string) {
  writeFileSync(join(folder, 'file.ts'), text)
  execFileSync('git', ['add', 'file.ts'], { cwd: folder })
  const script = fileURLToPath(new URL('../scan-secrets.mjs', import.meta.url))
  const { status, stdout } = spawnSync(process.execPath, [script, folder], { encoding: 'utf8' })
  return { status, stdout }
}

/** Assembled here, so that the scan does not find them in this file. */
const secrets = [
  [
    'a private key',
    `-----BEGIN RSA ${'PRIVATE KEY'}-----\n${'MIIEow'.repeat(20)}\n-----END RSA ${'PRIVATE KEY'}-----`,
  ],
  ['a GitHub token', `ghp_${'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx'}`],
  ['a database URL', `postgresql://app:${'h8Fq2LmZ4xTn'}@db.example.com/app`],
] as const

describe('the scan for secrets', () => {
  it.each(secrets)('finds %s and does not print it', (_, secret) => {
    const { status, stdout } = scan(`export const planted = \`${secret}\`\n`)
    expect(status).toBe(1)
    expect(stdout).toContain('file.ts')
    expect(stdout).not.toContain(secret)
  })

  it('passes a file without secrets', () => {
    expect(scan('export const answer = 42\n')).toMatchObject({ status: 0, stdout: 'No secrets in 1 files\n' })
  })
})
