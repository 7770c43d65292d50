/** `npm run check:secrets [folder]`: searches every tracked file of a checkout for credentials; by default this checkout. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { root } from './lib/root.mjs'

const folder = resolve(process.argv[2] ?? root)
const listing = spawnSync('git', ['ls-files', '-z'], { cwd: folder, encoding: 'utf8' })
if (listing.status !== 0) {
  console.error(`error: git could not list the files in ${folder}: ${listing.stderr}`)
  process.exit(1)
}
const files = listing.stdout.split('\0').filter((file) => file !== '' && existsSync(join(folder, file)))
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/secretlint/bin/secretlint.js'),
    '--no-glob',
    '--secretlintrc',
    join(root, '.secretlintrc.json'),
    ...files,
  ],
  { cwd: folder, stdio: 'inherit' },
)
if (status === 0) console.log(`No secrets in ${files.length} files`)
process.exit(status ?? 1)
