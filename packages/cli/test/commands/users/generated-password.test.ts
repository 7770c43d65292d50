import { describe, expect, test } from 'vitest'
import { generatePassword } from '../../../src/commands/users/generated-password.ts'

const count = (text: string, set: RegExp): number => text.match(set)?.length ?? 0

describe('a generated password', () => {
  test.each<[string | undefined, number, Readonly<Record<string, number>>]>([
    [undefined, 20, {}],
    ['length(12) and notUsername(undefined)', 20, {}],
    ['length(32)', 32, {}],
    ['maxLength(16) and length(8)', 16, {}],
    ['upperCase(7) and digits(6) and specialChars(5) and lowerCase(4)', 22, { A: 7, 1: 6, '-': 5, a: 4 }],
  ])('meets the policy %j', (policy, length, least) => {
    for (let each = 0; each < 50; each += 1) {
      const password = generatePassword(policy)
      expect(password).toHaveLength(length)
      expect(count(password, /[A-Z]/g)).toBeGreaterThanOrEqual(least['A'] ?? 2)
      expect(count(password, /[a-z]/g)).toBeGreaterThanOrEqual(least['a'] ?? 2)
      expect(count(password, /\d/g)).toBeGreaterThanOrEqual(least['1'] ?? 2)
      expect(count(password, /[-_.+=@%]/g)).toBeGreaterThanOrEqual(least['-'] ?? 2)
      // No characters that are confused with each other when read aloud.
      expect(password).toMatch(/^[a-z][^0O1lIo\s]*$/)
    }
  })

  test('differs each time', () => {
    expect(new Set(Array.from({ length: 100 }, () => generatePassword())).size).toBe(100)
  })
})
