/** Where users read: the text blocks of a Markdown file, of a source file's strings, and of a command's help. */
import { parseSync, Visitor } from 'oxc-parser'

/** A paragraph, list item, heading or table cell each; no code blocks. Inline code is one word, a link is its text. */
export function blocksOfMarkdown(text) {
  const blocks = []
  let block
  let fence
  const lines = text.replaceAll(/<!--[\s\S]*?-->/g, blankLines).split('\n')
  for (const [index, line] of lines.entries()) {
    const [, mark] = /^\s*(`{3,}|~{3,})/.exec(line) ?? []
    if (fence !== undefined || mark !== undefined) {
      if (fence === undefined) fence = mark
      else if (mark?.startsWith(fence)) fence = undefined
      block = undefined
    } else if (/^\s*\|/.test(line)) {
      block = undefined
      for (const cell of plain(line).split(/(?<!\\)\|/)) blocks.push({ line: index + 1, text: cell })
    } else if (line.trim() === '') block = undefined
    else if (block === undefined || /^\s*([-*+>#]|\d+\.\s)/.test(line)) {
      block = { line: index + 1, text: line.replace(/^\s*([-*+>]|#+|\d+\.)\s+/, '') }
      blocks.push(block)
    } else block.text += `\n${line}`
  }
  return blocks.map((found) => ({ ...found, text: plain(found.text) }))
}

function plain(text) {
  return text
    .replaceAll(/(`+)(?!`)[\s\S]*?\1/g, (code) => `Code${blankLines(code)}`)
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
}

function blankLines(text) {
  return '\n'.repeat(text.split('\n').length - 1)
}

/** SQL, and CSS. */
const code = [
  /^\s*(--|(?:SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER)\s|(?:select|insert into|update|delete from|with|create|alter|drop)\s)/,
  /[{;]\s*[\w-]+:[^;{}]*[;}]/,
]

/** The strings and templates of a source file; a placeholder is one word. `'a' + 'b'` is one string. SQL and CSS are left out. */
export function blocksOfSource(path, text) {
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`)
  const blocks = []
  const joined = new Set()
  function add(node, string) {
    if (string === undefined || !/\s/.test(string) || code.some((pattern) => pattern.test(string))) return
    const line = text.slice(0, node.start).split('\n').length
    for (const part of partsOf(string)) blocks.push({ line, text: part })
  }
  new Visitor({
    BinaryExpression(node) {
      if (joined.has(node)) return
      add(node, joinedText(node, joined))
    },
    Literal(node) {
      if (typeof node.value === 'string' && !joined.has(node)) add(node, node.value)
    },
    TemplateLiteral(node) {
      if (!joined.has(node)) add(node, templateText(node))
    },
  }).visit(program)
  return blocks
}

function templateText({ quasis }) {
  return quasis.map(({ value }) => value.cooked ?? value.raw).join('VALUE')
}

/** The text of `'a' + name + 'b'`, and which nodes belong to it; nothing where no part is a string. */
function joinedText(node, joined) {
  const parts = []
  function visit(part) {
    if (part.type === 'BinaryExpression' && part.operator === '+') {
      joined.add(part)
      visit(part.left)
      visit(part.right)
    } else if (part.type === 'TemplateLiteral' || typeof part.value === 'string') {
      joined.add(part)
      parts.push(part.type === 'TemplateLiteral' ? templateText(part) : part.value)
    } else parts.push(undefined)
  }
  visit(node)
  return parts.some((part) => part !== undefined) ? parts.map((part) => part ?? 'VALUE').join('') : undefined
}

/** Parts are lines (unless one continues the sentence above it), columns, elements of HTML and steps of a menu (`A → B`). */
function partsOf(string) {
  const lines = string.includes('</') ? string.replaceAll(/<[^>]*>/g, '\n') : string
  return lines.split(/\n(?=[^\p{Ll}])|\n\s*\n| {2,}| → /u)
}

/** What `--help` prints of a command and of those below it. */
export function helpOf(command, above = '') {
  const name = `${above}${command.name()}`
  const texts = [command.description(), command.summary()]
  for (const { description } of [...command.options, ...command.registeredArguments]) texts.push(description)
  for (const event of ['beforeAllHelp', 'beforeHelp', 'afterHelp', 'afterAllHelp'])
    command.emit(event, { error: false, command, write: (text) => texts.push(text) })
  const blocks = texts.flatMap(partsOf).map((text) => ({ line: 0, text }))
  return [{ name, blocks }, ...command.commands.flatMap((below) => helpOf(below, `${name} `))]
}
