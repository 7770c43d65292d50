import { describe, expect, it } from 'vitest'
import { wildcardMatcher } from '../../src/text/wildcards.ts'

describe('wildcards', () => {
  it.each([
    ['a*', 'abc', true],
    ['*c', 'abc', true],
    ['a*c', 'ac', true],
    ['a*a', 'a', false],
    ['*b*', 'abc', true],
    ['a*b*c', 'axbxc', true],
    ['a*b*c', 'axcxb', false],
    ['ab*ba', 'aba', false],
    ['**', '', true],
    ['', '', true],
    ['', 'a', false],
    ['a.c', 'abc', false],
    ['*ab*ab', 'abab', true],
    ['*ab*ab', 'abb', false],
  ])('%s of %s: %s', (pattern, text, expected) => {
    expect(wildcardMatcher(pattern)(text)).toBe(expected)
  })
})
