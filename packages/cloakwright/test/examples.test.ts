import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorsOf } from './support/compiler.ts'

// The examples in both READMEs, the docstrings and the guides compile unchanged.

const home = join(import.meta.dirname, '..')
const guides = '../../docs/guides'

function examplesIn(file: string): string[] {
  const text = readFileSync(join(home, file), 'utf8').replaceAll(/^ *\* ?/gm, '')
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code as string)
}

test('every example compiles', () => {
  const sources = readdirSync(join(home, 'src'), { recursive: true, encoding: 'utf8' })
  const files = [
    'README.md',
    '../../README.md',
    ...readdirSync(join(home, guides)).map((file) => join(guides, file)),
    ...sources.filter((file) => file.endsWith('.ts')).map((file) => join('src', file)),
  ]
  // Inside the package, so that the examples can import it by name.
  const folder = mkdtempSync(join(home, '.examples-'))
  try {
    let count = 0
    for (const file of files)
      for (const code of examplesIn(file)) {
        const name = `${file.replaceAll(/[^\w]/g, '-')}-${count++}.ts`
        writeFileSync(join(folder, name), `${code}\nexport {}\n`)
      }
    expect(count).toBeGreaterThan(3)
    // Nest uses the decorators from before the standard. The built declarations are those of a user.
    const compilerOptions = { experimentalDecorators: true, customConditions: [] }
    const config = { extends: '../../../tsconfig.tests.json', compilerOptions, include: ['*.ts'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    expect(errorsOf(folder)).toBe('')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
