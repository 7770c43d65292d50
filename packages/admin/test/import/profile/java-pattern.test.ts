import { describe, expect, test } from 'vitest'
import { readJavaPattern } from '../../../src/import/profile/java-pattern.ts'

describe("a pattern of Java's", () => {
  // Each as java.util.regex of Java 17 has it.
  test.each([
    ['[a-z]+', 'abc', true],
    ['[a-z]+', 'abc\n', false],
    ['^[a-z]+$', 'abc', true],
    ['^[a-z]+$', 'abc\n', false],
    ['^a|b$', 'b', true],
    ['^a|b$', 'ab', false],
    ['a.c', 'a\u0085c', false],
    ['a.c', 'a\u000bc', true],
    ['.', '\u{1f600}', true],
    ['..', '\u{1f600}', false],
    [String.raw`\d+`, '12', true],
    [String.raw`\d+`, '\u0661', false],
    [String.raw`\w+`, 'a_1', true],
    [String.raw`\w+`, '\u00e9', false],
    [String.raw`\s`, '\u00a0', false],
    [String.raw`\s`, '\u000b', true],
    [String.raw`\S`, '\u00a0', true],
    [String.raw`[\w.-]+@[\w.-]+`, 'a.b-c@d', true],
    ['[^^]', '^', false],
    ['[a^]', '^', true],
    ['[a-c-]', '-', true],
    [String.raw`[\]\\]+`, String.raw`]\ `.trim(), true],
    ['a{2,3}', 'aaaa', false],
    ['a{2,}?', 'aaaa', true],
    ['(a|ab)(c|bcd)', 'abcd', true],
    ['(?:ab)*', 'abab', true],
    ['(a?)*b', 'aab', true],
    ['', '', true],
    [String.raw`\p{L}+`, '\u00e9\u00df', true],
    [String.raw`\p{Lu}\P{Lu}`, '\u00c9\u00e9', true],
    [String.raw`\p{Alpha}`, '\u00e9', false],
    [String.raw`\u00e9\x41`, '\u00e9A', true],
    [']', ']', true],
  ])('%s of %j: %s', (pattern, text, matches) => {
    expect(readJavaPattern(pattern)?.(text)).toBe(matches)
  })

  test.each([
    '[A-Z]++',
    '(?>a)',
    '(?i)a',
    '(?=a)a',
    '(?<n>a)',
    String.raw`(a)\1`,
    String.raw`\ba`,
    String.raw`\Qa\E`,
    String.raw`\h`,
    String.raw`\p{IsHan}`,
    '[a-z&&[^b]]',
    '[[a]b]',
    '[]a]',
    '[a&b]',
    String.raw`[\w-.]`,
    'a**',
    '*a',
    'a{',
    '(',
    ')',
    'a$b',
    '(^a)',
    '[',
    '[b-a]',
    'a{3,2}',
    '(a{1000}){1000}',
    `${'('.repeat(50_000)}${')'.repeat(50_000)}`,
  ])('%s can not be told here', (pattern) => {
    expect(readJavaPattern(pattern)).toBeUndefined()
  })

  test.each([
    ['letters beyond the Latin ones, with a property', String.raw`\p{L}`, '\u0430'],
    ['half a character', '.', '\ud800'],
    ['a long text', '(a|b)*', 'a'.repeat(2049)],
  ])('is not told of %s', (_, pattern, text) => {
    expect(readJavaPattern(pattern)?.(text)).toBeUndefined()
  })

  test('what takes nothing takes no time, however often it is repeated', () => {
    const began = performance.now()
    expect(readJavaPattern('((((){9999}){9999}){9999})a')?.('a')).toBe(true)
    expect(performance.now() - began).toBeLessThan(10_000)
  })

  test.each(['(a+)+', '(a|a)*', '(a*)*b', '(.*a){20}'])('%s needs no ages', (pattern) => {
    const began = performance.now()
    expect(readJavaPattern(pattern)?.(`${'a'.repeat(2000)}!`)).toBe(false)
    expect(performance.now() - began).toBeLessThan(10_000)
  })
})
