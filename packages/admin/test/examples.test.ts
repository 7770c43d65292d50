import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

// What the README and the docstrings show compiles, as it stands there.

const home = join(import.meta.dirname, '..')

test('every example compiles', () => {
  const sources = readdirSync(join(home, 'src'), { recursive: true, encoding: 'utf8' })
  const files = [
    'README.md',
    ...sources.filter((file) => file.endsWith('.ts')).map((file) => join('src', file)),
  ]
  // Inside the package, so that the examples import it by its name.
  const folder = mkdtempSync(join(home, '.examples-'))
  try {
    const examples = files.flatMap(examplesIn)
    expect(examples.length).toBeGreaterThan(20)
    for (const [index, code] of examples.entries())
      writeFileSync(join(folder, `${index}.ts`), `${code}\nexport {}\n`)
    // The built declarations are those of a user.
    const compilerOptions = { customConditions: [] }
    const config = { extends: '../../../tsconfig.tests.json', compilerOptions, include: ['*.ts'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    expect(compile(folder)).toBe('')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

function examplesIn(file: string): string[] {
  const text = readFileSync(join(home, file), 'utf8').replaceAll(/^ *\* ?/gm, '')
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code as string)
}

function compile(folder: string): string {
  const compiler = join(home, '../../node_modules/typescript/bin/tsc')
  try {
    return execFileSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' })
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}
