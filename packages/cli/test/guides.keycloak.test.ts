import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createAdmin } from '@cloakwright/admin'
import { ensureRealm } from '@cloakwright/admin/realm'
import { createDevRealm } from '@cloakwright/devrealm'
import { describe, expect, onTestFinished, test } from 'vitest'
import { launcher, temporaryFolder } from './support/program.ts'

// What the guides' `sh` blocks say is run, in their order; the `text` below a block is what it prints.

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

/** A realm of its own in which nothing was done yet. */
async function openRealm(): Promise<string> {
  const devrealm = await createDevRealm({ admin: credentials, features: ['client-secret-rotation'] })
  onTestFinished(() => devrealm.close())
  const server = await devrealm.listen()
  const { default: define } = (await import(join(guides, 'shop-realm.mjs'))) as { default: () => never }
  await ensureRealm(createAdmin({ server, credentials }), define())
  return server
}

/** Runs the blocks in one shell, so that they share files and variables; gives what each printed and ended with. */
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

/** Ids and durations are others each time, and a guide aligns columns and spreads JSON as it reads best. */
function normal(output: string): string {
  return output
    .replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, 'ID')
    .replaceAll(/^(seconds\s+)[\d.]+$/gm, '$10')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/(?<=\[) | (?=\])/g, '')
    .trim()
}

/** Those that say that their commands run as they stand. */
const runnable = readdirSync(guides).filter(
  (file) => file.endsWith('.md') && readFileSync(join(guides, file), 'utf8').includes('(shop-realm.mjs), as'),
)

describe.skipIf(process.platform === 'win32')('the commands of', () => {
  test.each(runnable)('%s do and print what it says', { timeout: 180_000 }, async (guide) => {
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

  test('eight guides, manage-users.md among them, are run', () => {
    expect(runnable).toHaveLength(8)
    expect(runnable).toContain('manage-users.md')
  })
})
