import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createAdmin } from '@cloakwright/admin'
import { ensureRealm } from '@cloakwright/admin/realm'
import { createDevRealm } from '@cloakwright/devrealm'
import { describe, expect, onTestFinished, test } from 'vitest'
import { launcher, temporaryFolder } from './support/program.ts'

// Runs the guides' `sh` blocks in their order. The `text` below a block is its output.

const guides = join(import.meta.dirname, '../../../docs/guides')
const credentials = { username: 'admin', password: 'admin' }

interface Block {
  readonly script: string
  readonly ended: number
  readonly output: string | undefined
}

function blocksOf(guide: string): Block[] {
  const text = readFileSync(join(guides, guide), 'utf8')
  const fences = text.matchAll(/^```sh(?: ends-with-(\d+))?\n(.*?)^```\n(?:\n```text\n(.*?)^```)?/gms)
  return [...fences].map(([, ended = '0', script = '', output]) => ({ script, ended: Number(ended), output }))
}

/** A new realm. */
async function openRealm(): Promise<string> {
  const devrealm = await createDevRealm({ admin: credentials, features: ['client-secret-rotation'] })
  onTestFinished(() => devrealm.close())
  const server = await devrealm.listen()
  const { default: define } = (await import(join(guides, 'shop-realm.mjs'))) as { default: () => never }
  await ensureRealm(createAdmin({ server, credentials }), define())
  return server
}

/** Runs the blocks in one shell, so that they share files and variables; returns output and exit code of each. */
async function run(blocks: readonly Block[], server: string) {
  const [bin, work, results] = [temporaryFolder(), temporaryFolder(), temporaryFolder()]
  writeFileSync(join(bin, 'cloakwright'), `#!/bin/sh\nexec ${launcher.join(' ')} "$@"\n`, { mode: 0o755 })
  const lines = blocks.map(
    ({ script }, index) => `exec >'${results}/${index}.out' 2>'${results}/${index}.err'
${script}
echo $? >'${results}/${index}.code'`,
  )
  const shell = spawn('bash', ['--noprofile', '--norc', '-o', 'pipefail', '-c', lines.join('\n')], {
    cwd: work,
    env: {
      PATH: [bin, process.env['PATH']].join(delimiter),
      HOME: work,
      KEYCLOAK_SERVER: server,
      KEYCLOAK_REALM: 'shop',
    },
  })
  await new Promise((resolve) => shell.once('close', resolve))
  return blocks.map((_, index) => {
    const read = (end: string) => {
      const file = join(results, `${index}.${end}`)
      return existsSync(file) ? readFileSync(file, 'utf8') : ''
    }
    return { code: Number(read('code') || -1), stdout: read('out'), stderr: read('err') }
  })
}

/** Ignores ids, durations and white space: a guide may align columns and format JSON. */
function normal(output: string): string {
  return output
    .replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, 'ID')
    .replaceAll(/ in [\d.]+ s$/gm, ' in 0 s')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/(?<=\[) | (?=\])/g, '')
    .trim()
}

/** The guides that claim that their commands run unchanged. */
const runnable = readdirSync(guides).filter(
  (file) => file.endsWith('.md') && readFileSync(join(guides, file), 'utf8').includes('(shop-realm.mjs), as'),
)

describe.skipIf(process.platform === 'win32')('the commands of a guide', () => {
  test.each(runnable)('print the output in %s', { timeout: 180_000 }, async (guide) => {
    const blocks = blocksOf(guide)
    const results = await run(blocks, await openRealm())
    for (const [index, { script, ended, output }] of blocks.entries()) {
      const { code, stdout = '', stderr } = results[index] ?? {}
      expect({ script, code, stderr: code === ended ? '' : stderr }).toEqual({
        script,
        code: ended,
        stderr: '',
      })
      if (output !== undefined) expect(`${script}${normal(stdout)}`).toBe(`${script}${normal(output)}`)
    }
  })

  test('run in eight guides, manage-users.md included', () => {
    expect(runnable).toHaveLength(8)
    expect(runnable).toContain('manage-users.md')
  })
})
