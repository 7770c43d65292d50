/**
 * `npm run check:packages`: packs every package as npm would publish it and checks that others can use it: publint and attw
 * read the tarball, knip finds unused files, exports and dependencies.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { npmCommand } from './lib/processes.mjs'
import { root } from './lib/root.mjs'

const folder = mkdtempSync(join(tmpdir(), 'cloakwright-packages-'))
const failed = []

function check(name, command, args, cwd = root) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name}`)
  if (status === 0) return
  failed.push(name)
  console.error(`${stdout ?? ''}${stderr ?? ''}`)
}

function tool(path) {
  return join(root, 'node_modules', path)
}

try {
  const entries = readdirSync(join(root, 'packages'), { withFileTypes: true })
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    const [npm, args] = npmCommand('pack', '--silent', '--pack-destination', folder)
    check(`${name}: npm pack`, npm, args, join(root, 'packages', name))
    const archive = readdirSync(folder).find((file) => file.endsWith('.tgz'))
    if (archive === undefined) continue
    const path = join(folder, archive)
    check(`${name}: publint`, process.execPath, [tool('publint/src/cli.js'), path, '--strict'])
    const attw = tool('@arethetypeswrong/cli/dist/index.js')
    check(`${name}: attw`, process.execPath, [attw, path, '--profile', 'esm-only', '--no-emoji'])
    rmSync(path)
  }
  check('knip', process.execPath, [tool('knip/bin/knip.js')])
} finally {
  rmSync(folder, { recursive: true, force: true })
}
if (failed.length > 0) {
  console.error(`\n${failed.length} failed: ${failed.join(', ')}`)
  process.exit(1)
}
