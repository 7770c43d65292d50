import { expect, test } from 'vitest'
import { createProgram } from '../../packages/cli/src/program/index.ts'

interface Block {
  line: number
  text: string
}

interface Places {
  blocksOfMarkdown(text: string): Block[]
  blocksOfSource(path: string, text: string): Block[]
  helpOf(command: unknown): { name: string; blocks: Block[] }[]
}

interface Sentences {
  faultsOf(blocks: readonly Block[]): { line: number; problem: string; sentence: string }[]
}

const { blocksOfMarkdown, blocksOfSource, helpOf } = (await import(
  new URL('../words/places.mjs', import.meta.url).href
)) as Places
const { faultsOf } = (await import(new URL('../words/sentences.mjs', import.meta.url).href)) as Sentences

const words = (count: number) => `One ${'word '.repeat(count - 2)}end`
const problems = (blocks: readonly Block[]) =>
  faultsOf(blocks).map(({ line, problem }) => `${line}: ${problem}`)

test.each([
  ['a paragraph', `# Title\n\nShort. ${words(26)}.`, '3: 26 words'],
  ['a sentence that begins further down', `Short.\nShort,\nstill. ${words(26)}.`, '3: 26 words'],
  ['a sentence over several lines', words(26).replaceAll('word word', 'word\nword'), '1: 26 words'],
  ['a list item', `- one\n- ${words(26)}`, '2: 26 words'],
  ['a table cell', `| a | b |\n| - | - |\n| short | ${words(26)} |`, '3: 26 words'],
  ['a phrase', 'The user\nshall read it.', '1: "shall": write must, should, will'],
  ['a phrase over two lines', 'The job goes\non.', '1: "goes on": write continue, resume'],
  ['the text of a link', `[${words(26)}](https://example.com)`, '1: 26 words'],
])('finds in Markdown: %s', (_, text, problem) => {
  expect(problems(blocksOfMarkdown(text))).toEqual([problem])
})

test.each([
  ['25 words', `${words(25)}.`],
  ['two sentences of 25 words', `${words(25)}. Next ${words(24)}.`],
  ['a code block', `\`\`\`sh\n${words(40)} shall\n\`\`\``],
  ['inline code, which is one word', `${words(24)} \`a b c shall d\``],
  ['the URL of a link', '[text](https://example.com/nobody)'],
  ['a row of short cells', `| ${words(20)} | ${words(20)} |`],
  ['items of a list', `- ${words(20)}\n- ${words(20)}`],
  ['a comment', `<!-- ${words(40)} -->`],
])('accepts in Markdown: %s', (_, text) => {
  expect(problems(blocksOfMarkdown(text))).toEqual([])
})

test.each([
  ['a string', `\nthrow new Error('${words(26)}')`, '2: 26 words'],
  ['a template', `const text = \`${words(25)} \${name}\``, '1: 26 words'],
  ['joined strings', `const text = '${words(13)} ' + '${words(13)}'`, '1: 26 words'],
  [
    'a string in a placeholder',
    "const text = `a ${b ? 'goes on' : c}`",
    '1: "goes on": write continue, resume',
  ],
])('finds in a source: %s', (_, text, problem) => {
  expect(problems(blocksOfSource('file.ts', text))).toEqual([problem])
})

test.each([
  ['a placeholder, which is one word', `const text = \`${words(24)} \${first + second + third}\``],
  ['a comment', `// ${words(40)} shall`],
  ['SQL', `const query = 'select ${words(40)}'`],
  ['CSS', `const style = 'p { margin: 0; } ${words(40)}'`],
  ['lines of their own', `const text = '${words(20)}\\nNext ${words(20)}'`],
])('accepts in a source: %s', (_, text) => {
  expect(problems(blocksOfSource('file.ts', text))).toEqual([])
})

test('finds what the help of a command prints', () => {
  const program = createProgram()
  program
    .command('wordy')
    .description(`${words(26)}.`)
    .argument('[FILE]', 'a file that shall be read')
    .option('--more', 'goes on')
    .addHelpText('after', `\nIt runs anew.`)
  const help = helpOf(program).find(({ name }) => name === 'cloakwright wordy')
  expect(faultsOf(help?.blocks ?? []).map(({ problem }) => problem)).toEqual([
    '26 words',
    '"goes on": write continue, resume',
    '"shall": write must, should, will',
    '"anew": write again',
  ])
})
