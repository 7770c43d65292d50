import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

interface Structure {
  readTree(tree: string): unknown
  faultsOf(tree: string, rooms: readonly string[], sources: unknown): { kind: string; text: string }[]
}

const { readTree } = (await import(new URL('../structure/source.mjs', import.meta.url).href)) as Structure
const { faultsOf } = (await import(new URL('../structure/faults.mjs', import.meta.url).href)) as Structure

let tree: string
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'structure-'))
})
afterEach(() => rmSync(tree, { recursive: true }))

function faults(rooms: readonly string[], files: Readonly<Record<string, string>>): string[] {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true })
    writeFileSync(join(tree, path), text)
  }
  return faultsOf(tree, rooms, readTree(tree)).map(
    ({ kind, text }) => `${kind}: ${(text.split('\n')[0] ?? '').replaceAll(/\S*structure-\w+\//g, '')}`,
  )
}

const index = { 'low/index.ts': 'export const low = 1', 'high/index.ts': "import '../low/index.ts'" }

test('layered folders with an index each pass', () => {
  expect(faults(['low', 'high'], index)).toEqual([])
})

test.each([
  ['an import', "import { high } from '../high/index.ts'"],
  ['a type import', "import type { High } from '../high/index.ts'"],
  ['a re-export', "export { high } from '../high/index.ts'"],
  ['a dynamic import', "const high = await import('../high/index.ts')"],
])('reports an upward import by %s', (_, text) => {
  expect(faults(['low', 'high'], { 'low/index.ts': text, 'high/index.ts': 'export const high = 1' })).toEqual(
    ['up: low/index.ts:1 imports high/index.ts, so low/ uses high/, which is above it.'],
  )
})

test('reports an upward import through a file outside all folders', () => {
  const files = {
    'low/index.ts': "\nimport '../between.ts'",
    'between.ts': "import './high/index.ts'",
    'high/index.ts': '',
  }
  expect(faults(['low', 'high'], files)).toEqual([
    'up: low/index.ts:2 imports between.ts, so low/ uses high/, which is above it.',
  ])
})

test('reports a cycle of folders at any depth', () => {
  const files = {
    'room/a/index.ts': "import '../b/index.ts'",
    'room/b/index.ts': "import type { A } from '../a/index.ts'",
  }
  expect(faults(['room'], files)).toEqual([expect.stringMatching(/^circle: .*room: a, b import each other/)])
})

test('reports a cycle of files, and of a file with a folder', () => {
  const files = {
    'room/a.ts': "import './b.ts'",
    'room/b.ts': "import './a.ts'",
    'room/deep/index.ts': "import '../c.ts'",
    'room/c.ts': "import './deep/index.ts'",
  }
  expect(faults(['room'], files)).toEqual([
    expect.stringMatching(/room: a\.ts, b\.ts import each other/),
    expect.stringMatching(/room: c\.ts, deep import each other/),
  ])
})

test('reports an import past an index, but not within a folder', () => {
  const files = {
    'low/index.ts': "export * as x from './own.ts'",
    'low/own.ts': '',
    'low/deep/index.ts': '',
    'low/deep/inner.ts': "import '../own.ts'",
    'high/index.ts': "import '../low/own.ts'\nimport '../low/deep/index.ts'\nawait import('../low/own.ts')",
  }
  expect(faults(['low', 'high'], files)).toEqual([
    'index: high/index.ts:1 imports low/own.ts. Import low/index.ts.',
    'index: high/index.ts:2 imports low/deep/index.ts. Import low/index.ts.',
  ])
})

test('reports a file with the name of a folder', () => {
  expect(faults(['store'], { 'store.ts': '', 'store/index.ts': '' })).toEqual([
    'name: store.ts:1 has the same name as a folder. Make it the index.ts of that folder.',
  ])
})

test('reports an unlisted folder and a listed folder without files', () => {
  expect(faults(['gone'], { 'room/index.ts': '' })).toEqual([
    'room: room is not listed. Add it to scripts/structure/rooms.mjs, above every folder that it imports.',
    'room: gone has no source files. Remove it from scripts/structure/rooms.mjs.',
  ])
})

test('reports an import of another tree and a wildcard re-export', () => {
  expect(
    faults(['room'], {
      'room/index.ts': "import '../../other/x.ts'\nexport * from './a.ts'",
      'room/a.ts': '',
    }),
  ).toEqual([
    'outside: room/index.ts:1 imports ../other/x.ts, which is outside its tree. Import the package by name.',
    'wildcard: room/index.ts:2 re-exports everything. List the names.',
  ])
})

test('names a file that cannot be parsed', () => {
  expect(() => faults(['room'], { 'room/index.ts': 'export const = 1' })).toThrow('room/index.ts')
})
