import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { patternProblem, patternTester } from '../../src/java-pattern/patterns.ts'

interface Row {
  readonly pattern: string
  /** Why it is none to Java. */
  readonly refusal: string | undefined
  readonly texts: Record<string, boolean>
}

/** Made by Java: see Table.java. */
const rows = readTable(readFileSync(new URL('table.txt', import.meta.url), 'utf8'))

function readTable(table: string): Row[] {
  const read: Row[] = []
  for (const line of table.split('\n').filter(Boolean)) {
    const [first = '', second, third] = line.split('\t')
    if (first === '') Object.assign(read.at(-1)?.texts ?? {}, { [JSON.parse(second ?? '')]: third === 'yes' })
    else read.push({ pattern: JSON.parse(first) as string, refusal: second, texts: {} })
  }
  return read
}

describe('a pattern in Java’s syntax', () => {
  const matched = rows.filter(({ texts }) => Object.keys(texts).length > 0)
  it.each(matched)('$pattern matches the same strings as in Java', ({ pattern, texts }) => {
    expect(patternProblem(pattern)).toBeUndefined()
    const isMatch = patternTester()
    const found = Object.keys(texts).map((text) => [text, isMatch(pattern, text)])
    expect(Object.fromEntries(found)).toEqual(texts)
  })

  const refused = rows.filter(({ refusal }) => refusal !== undefined)
  it.each(refused)('$pattern is invalid, as in Java', ({ pattern, refusal }) => {
    const problem = patternProblem(pattern)
    if (problem?.isUnsupported === true) return
    expect(problem?.message.split(/ near index|\n/)[0]).toBe(refusal)
  })

  const unsupported = rows.filter(
    ({ refusal, texts }) => refusal === undefined && Object.keys(texts).length === 0,
  )
  it.each(unsupported)('$pattern is rejected: the reason names the unsupported construct', ({ pattern }) => {
    expect(patternProblem(pattern)).toEqual({
      message: expect.stringMatching(/^The embedded realm does not support .{6}/),
      isUnsupported: true,
    })
  })

  it('is rejected with the position of the error', () => {
    expect(patternProblem('ab*+*c')?.message).toBe("Dangling meta character '*' near index 4\nab*+*c\n    ^")
    expect(patternProblem(String.raw`a\Xb`)?.message).toBe(
      'The embedded realm does not support a grapheme cluster, \\X near index 1\na\\Xb\n ^',
    )
  })
})
