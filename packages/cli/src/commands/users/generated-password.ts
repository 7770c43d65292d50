import { randomInt } from 'node:crypto'

/** Characters that are not confused with each other when read aloud, and that need no quotes in a shell. */
const classes = {
  lowerCase: 'abcdefghijkmnpqrstuvwxyz',
  upperCase: 'ABCDEFGHJKLMNPQRSTUVWXYZ',
  digits: '23456789',
  specialChars: '-_.+=@%',
} as const

/** About 120 bits. */
const usualLength = 20

/**
 * Generates a random password that meets the counts of a realm's password policy, such as `length(24) and digits(3)`.
 * Without a policy, or without the right to read it: 20 characters, at least two of each class.
 */
export function generatePassword(policy = ''): string {
  const counts = new Map([...policy.matchAll(/(\w+)\((\d+)\)/g)].map(([, rule = '', n]) => [rule, Number(n)]))
  const characters = Object.entries(classes).flatMap(([name, set]) =>
    Array.from({ length: Math.max(2, counts.get(name) ?? 0) }, () => oneOf(set)),
  )
  const wanted = Math.max(usualLength, counts.get('length') ?? 0)
  const length = Math.min(wanted, counts.get('maxLength') ?? wanted)
  const any = classes.lowerCase + classes.upperCase + classes.digits
  while (characters.length < length) characters.push(oneOf(any))
  // The first character is not shuffled: a hyphen there would look like an option.
  const [first = '', ...rest] = characters
  return first + shuffled(rest).join('')
}

function oneOf(set: string): string {
  return set.charAt(randomInt(set.length))
}

function shuffled<T>(list: readonly T[]): T[] {
  const left = [...list]
  return list.flatMap(() => left.splice(randomInt(left.length), 1))
}
