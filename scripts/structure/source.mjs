/** The source files of a tree: what each imports, and how long its functions are. */

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative, sep } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'

/** @typedef {{ to: string, line: number, from: string, late: boolean }} Import late: by `import()`; `from` is the importing file; both paths are within the tree. */
/** @typedef {{ path: string, lines: number, imports: Import[], outside: Import[], wildcards: number[], functions: { name: string, line: number, lines: number }[], exported: string[] }} Source */

/** @returns {Map<string, Source>} by path within the tree, such as `token/verifier.ts` */
export function readTree(tree) {
  const paths = readdirSync(tree, { recursive: true, encoding: 'utf8' })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => /(?<!\.d)\.(ts|mjs)$/.test(path) && !/(^|\/)(test|node_modules)\//.test(path))
    .sort()
  return new Map(paths.map((path) => [path, readSource(tree, path)]))
}

function readSource(tree, path) {
  const text = readFileSync(join(tree, path), 'utf8')
  const { program, module, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${tree}/${path}: ${errors[0].message}`)
  const lineOf = toLines(text)
  /** @type {Source} */
  const source = {
    path,
    lines: text.split('\n').length - 1,
    imports: [],
    outside: [],
    wildcards: [],
    functions: functionsOf(program, lineOf),
    exported: [],
  }

  function add(specifier, offset, late = false) {
    if (!specifier.startsWith('.')) return
    const to = normalize(join(dirname(path), specifier))
      .split(sep)
      .join('/')
    const found = { from: path, to, line: lineOf(offset), late }
    if (to.startsWith('../')) source.outside.push(found)
    else source.imports.push(found)
  }

  for (const { moduleRequest } of module.staticImports) add(moduleRequest.value, moduleRequest.start)
  for (const { start, entries } of module.staticExports) {
    const request = entries[0]?.moduleRequest
    if (request) add(request.value, request.start)
    for (const { exportName, importName } of entries) {
      if (importName.kind === 'AllButDefault' || (importName.kind === 'All' && !exportName.name))
        source.wildcards.push(lineOf(start))
      else source.exported.push(exportName.name ?? 'default')
    }
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const literal = /^(['"])([^'"]*)\1$/.exec(text.slice(moduleRequest.start, moduleRequest.end))
    if (literal) add(literal[2], moduleRequest.start, true)
  }
  return source
}

/** A function that gives the line of an offset in a text, counted from 1. */
function toLines(text) {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    const next = starts.findIndex((start) => start > offset)
    return next === -1 ? starts.length : next
  }
}

function functionsOf(program, lineOf) {
  const functions = []
  const named = new Map()
  function add(node) {
    const line = lineOf(node.start)
    functions.push({
      name: node.id?.name ?? named.get(node) ?? '(unnamed)',
      line,
      lines: lineOf(node.end) - line + 1,
    })
  }
  new Visitor({
    VariableDeclarator({ id, init }) {
      if (init) named.set(init, id.name)
    },
    Property({ key, value }) {
      named.set(value, key.name)
    },
    MethodDefinition({ key, value }) {
      named.set(value, key.name)
    },
    FunctionDeclaration: add,
    FunctionExpression: add,
    ArrowFunctionExpression: add,
  }).visit(program)
  return functions
}

/** The path on disk, for messages. */
export function place(tree, path, line) {
  return `${relative('.', join(tree, path)).split(sep).join('/')}:${line}`
}
