/**
 * The rules for the source structure: layered folders, no cycles between files or folders, imports from another folder through
 * its index. `--figures` prints how large each tree is; `--only packages/admin/src` looks at one tree.
 */
import { parseArgs } from 'node:util'
import { faultsOf, firstPart } from './structure/faults.mjs'
import { measuring, programs, trees } from './structure/rooms.mjs'
import { readTree } from './structure/source.mjs'

const { values } = parseArgs({ options: { figures: { type: 'boolean' }, only: { type: 'string' } } })
const chosen = Object.entries(trees).filter(([tree]) => values.only === undefined || tree === values.only)
if (chosen.length === 0) {
  console.error(`Unknown source tree ${values.only}. Trees: ${Object.keys(trees).join(', ')}`)
  process.exit(2)
}

let count = 0
const rows = []
for (const [tree, rooms] of chosen) {
  const sources = readTree(tree)
  const faults = faultsOf(tree, rooms, sources).filter(
    ({ kind }) =>
      !(kind === 'index' && programs.includes(tree)) && !(kind === 'outside' && measuring.includes(tree)),
  )
  count += faults.length
  if (values.figures) rows.push(figuresOf(tree, rooms, sources, faults))
  else for (const { text } of faults) console.log(text)
}
if (values.figures) console.table(Object.fromEntries(rows))
else console.log(count === 0 ? 'The structure is valid.' : `${count} structure errors.`)
if (count > 0 && !values.figures) process.exitCode = 1

function figuresOf(tree, rooms, sources, faults) {
  const files = [...sources.values()]
  const arrows = new Set(
    files.flatMap(({ imports }) =>
      imports
        .filter(({ from, to }) => firstPart(from) !== firstPart(to))
        .map(({ from, to }) => `${firstPart(from)} ${firstPart(to)}`),
    ),
  )
  const circles = faults.filter(({ kind }) => kind === 'circle')
  const longest = files.flatMap(({ path, functions }) => functions.map((found) => ({ ...found, path })))
  longest.sort((a, b) => b.lines - a.lines)
  const file = files.toSorted((a, b) => b.lines - a.lines)[0]
  return [
    tree,
    {
      files: files.length,
      lines: files.reduce((sum, { lines }) => sum + lines, 0),
      rooms: rooms.length,
      'loose files': files.filter(({ path }) => !path.includes('/')).length,
      arrows: arrows.size,
      upward: faults.filter(({ kind }) => kind === 'up').length,
      circles: circles.length,
      'in circles': circles.reduce((sum, { nodes }) => sum + nodes.length, 0),
      'past an index': faults.filter(({ kind }) => kind === 'index').length,
      'longest function': longest[0] ? `${longest[0].name} ${longest[0].lines} (${longest[0].path})` : '',
      'over 60': longest.filter(({ lines }) => lines > 60).length,
      'longest file': `${file.path} ${file.lines}`,
      'over 250': files.filter(({ lines }) => lines > 250).length,
    },
  ]
}
