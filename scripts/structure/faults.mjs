/** Finds structure errors of a source tree: cycles, upward imports, imports that bypass an index. */

import { dirname } from 'node:path'
import { place } from './source.mjs'

/**
 * @param {string} tree
 * @param {string[]} rooms the tree's folders, lowest layer first
 * @param {Map<string, import('./source.mjs').Source>} sources
 * @returns {{ kind: 'room' | 'up' | 'circle' | 'index' | 'name' | 'outside' | 'wildcard', text: string }[]}
 */
export function faultsOf(tree, rooms, sources) {
  const imports = [...sources.values()].flatMap((source) => source.imports)
  return [
    ...unlisted(tree, rooms, sources),
    ...upward(tree, rooms, imports),
    ...circles(tree, imports),
    ...bypasses(tree, imports),
    ...besideFolders(tree, sources),
    ...[...sources.values()].flatMap((source) => [
      ...source.outside.map(({ line, to }) => ({
        kind: 'outside',
        text: `${place(tree, source.path, line)} imports ${to}, which is outside its tree. Import the package by name.`,
      })),
      ...source.wildcards.map((line) => ({
        kind: 'wildcard',
        text: `${place(tree, source.path, line)} re-exports everything. List the names.`,
      })),
    ]),
  ]
}

function unlisted(tree, rooms, sources) {
  const folders = new Set([...sources.keys()].filter((path) => path.includes('/')).map(firstPart))
  return [
    ...[...folders]
      .filter((folder) => !rooms.includes(folder))
      .map(
        (folder) =>
          `${tree}/${folder} is not listed. Add it to scripts/structure/rooms.mjs, above every folder that it imports.`,
      ),
    ...rooms
      .filter((room) => !folders.has(room))
      .map((room) => `${tree}/${room} has no source files. Remove it from scripts/structure/rooms.mjs.`),
  ].map((text) => ({ kind: 'room', text }))
}

/** Imports of a higher folder, also through files outside all folders. */
export function upward(tree, rooms, imports) {
  const faults = []
  for (const found of imports) {
    const from = rooms.indexOf(firstPart(found.from))
    if (from === -1 || firstPart(found.from) === firstPart(found.to)) continue
    for (const room of roomsReached(found.to, imports)) {
      const to = rooms.indexOf(room)
      if (to <= from) continue
      faults.push({
        kind: 'up',
        text: `${place(tree, found.from, found.line)} imports ${found.to}, so ${rooms[from]}/ uses ${room}/, which is above it.`,
      })
    }
  }
  return faults
}

function roomsReached(path, imports, seen = new Set()) {
  if (path.includes('/')) return [firstPart(path)]
  if (seen.has(path)) return []
  seen.add(path)
  return [
    ...new Set(
      imports.filter(({ from }) => from === path).flatMap(({ to }) => roomsReached(to, imports, seen)),
    ),
  ]
}

/** Cycles among the files and folders of each folder: a folder counts as one with its content. */
export function circles(tree, imports) {
  const byFolder = new Map()
  for (const found of imports) {
    const { folder, from, to } = siblings(found)
    if (from === to) continue
    const arrows = byFolder.get(folder) ?? new Map()
    byFolder.set(folder, arrows.set(from, (arrows.get(from) ?? new Map()).set(to, found)))
  }
  return [...byFolder].flatMap(([folder, arrows]) =>
    knots(arrows).map((nodes) => {
      const ties = nodes.flatMap((from) =>
        [...arrows.get(from)].filter(([to]) => nodes.includes(to)).map(([, found]) => found),
      )
      return {
        kind: 'circle',
        nodes,
        text: [
          `${[tree, folder].filter(Boolean).join('/')}: ${nodes.join(', ')} import each other. Move the shared code to a separate file or folder.`,
          ...ties.map((found) => `    ${place(tree, found.from, found.line)} → ${found.to}`),
        ].join('\n'),
      }
    }),
  )
}

/** The common folder of both ends of an import, and their entries in it. */
function siblings({ from, to }) {
  const [a, b] = [from.split('/'), to.split('/')]
  let depth = 0
  while (depth < a.length - 1 && depth < b.length - 1 && a[depth] === b[depth]) depth += 1
  return { folder: a.slice(0, depth).join('/'), from: a[depth], to: b[depth], rest: b.slice(depth + 1) }
}

/** The strongly connected components of more than one node (Tarjan). */
function knots(arrows) {
  const found = []
  const order = new Map()
  const lowest = new Map()
  const stack = []
  function visit(node) {
    order.set(node, order.size)
    lowest.set(node, order.get(node))
    stack.push(node)
    for (const next of arrows.get(node)?.keys() ?? []) {
      if (!order.has(next)) visit(next)
      if (stack.includes(next)) lowest.set(node, Math.min(lowest.get(node), lowest.get(next)))
    }
    if (lowest.get(node) !== order.get(node)) return
    const knot = stack.splice(stack.indexOf(node))
    if (knot.length > 1) found.push(knot.sort())
  }
  for (const node of arrows.keys()) if (!order.has(node)) visit(node)
  return found
}

/** A dynamic `import()` may name a file: it exists to load only that file. */
function bypasses(tree, imports) {
  return imports
    .filter((found) => {
      const { rest } = siblings(found)
      return !found.late && rest.length > 0 && !/^index\.(ts|mjs)$/.test(rest.join('/'))
    })
    .map((found) => {
      const { folder, to } = siblings(found)
      const index = [folder, to, 'index.ts'].filter(Boolean).join('/')
      return {
        kind: 'index',
        text: `${place(tree, found.from, found.line)} imports ${found.to}. Import ${index}.`,
      }
    })
}

function besideFolders(tree, sources) {
  const folders = new Set([...sources.keys()].map((path) => dirname(path)))
  return [...sources.keys()]
    .filter((path) => folders.has(path.replace(/\.\w+$/, '')))
    .map((path) => ({
      kind: 'name',
      text: `${place(tree, path, 1)} has the same name as a folder. Make it the index.ts of that folder.`,
    }))
}

export function firstPart(path) {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : ''
}
