/**
 * Plain words wherever users read: no sentence of more than 25 words and none of the phrases that the project avoids, in
 * Markdown, in the help of `cloakwright` and in the strings of the sources. `check-words.mjs [PATH…]` checks only these.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './lib/root.mjs'
import { blocksOfMarkdown, blocksOfSource, helpOf } from './words/places.mjs'
import { faultsOf } from './words/sentences.mjs'

const only = process.argv.slice(2)
const { stdout } = spawnSync('git', ['ls-files', '-co', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
const files = stdout.split('\n').filter((file) => existsSync(join(root, file)))

const found = []
let places = 0
function report(where, blocks) {
  if (only.length > 0 && !only.some((path) => where.startsWith(path))) return
  places++
  for (const { line, problem, sentence } of faultsOf(blocks))
    found.push(`${where}${line > 0 ? `:${line}` : ''}: ${problem}: ${sentence}`)
}

for (const file of files) {
  if (file.endsWith('.md')) report(file, blocksOfMarkdown(read(file)))
  else if (/^(packages|apps)\/[^/]+\/src\/.*\.tsx?$/.test(file))
    report(file, blocksOfSource(file, read(file)))
}
const { createProgram } = await import('../packages/cli/dist/program/index.js')
for (const { name, blocks } of helpOf(createProgram())) report(`${name} --help`, blocks)

for (const line of found) console.log(line)
console.log(
  found.length === 0
    ? `Plain words in ${places} places`
    : `${found.length} places to rewrite (style: scripts/README.md)`,
)
if (found.length > 0 || places === 0) process.exitCode = 1

function read(file) {
  return readFileSync(join(root, file), 'utf8')
}
