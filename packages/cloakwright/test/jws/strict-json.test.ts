import fc from 'fast-check'
import { expect, test } from 'vitest'
import { freezeThrough, parseStrictObject } from '../../src/jws/strict-json.ts'

/** A JSON value as written, with what a parser would drop: the order, repetitions, escapes and white space. */
type Written = { readonly text: string; readonly repeats: boolean }

const blank = fc.constantFrom('', '', '', ' ', '\n\t')
// Few names, so that they collide; some are one name in two spellings.
const name = fc.constantFrom('"a"', '"\\u0061"', '"b"', '":"', '"\\":"', '"\\\\"', '"__proto__"', '"1"')
const scalar = fc.constantFrom(
  '1',
  'null',
  'true',
  '"x"',
  '":"',
  '"\\":"',
  '"a\\\\"',
  '" :"',
  '"{\\"a\\":1}"',
  '""',
)

const { object } = fc.letrec<{ object: Written; value: Written }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar.map((text) => ({ text, repeats: false })),
    tie('object'),
    fc.array(tie('value'), { maxLength: 3 }).map((all) => ({
      text: `[${all.map(({ text }) => text).join(',')}]`,
      repeats: all.some(({ repeats }) => repeats),
    })),
  ),
  object: fc.array(fc.tuple(name, blank, tie('value'), blank), { maxLength: 4 }).map((members) => ({
    text: `{${members.map(([key, before, { text }, after]) => `${key}${before}:${after}${text}`).join(',')}}`,
    repeats:
      new Set(members.map(([key]) => JSON.parse(key) as string)).size < members.length ||
      members.some(([, , { repeats }]) => repeats),
  })),
}))

test('an object is parsed unless a name is repeated in it, at any level and in any spelling', () => {
  fc.assert(
    fc.property(object, ({ text, repeats }) => {
      const read = parseStrictObject(text)
      if (repeats) expect(read).toBeUndefined()
      else expect({ ...read }).toEqual({ ...(JSON.parse(text) as object) })
    }),
    { numRuns: 3000 },
  )
})

test('any string gives an object without a prototype, or undefined', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const read = parseStrictObject(text)
      if (read !== undefined) expect(Object.getPrototypeOf(read)).toBeNull()
    }),
  )
})

test.each([
  [31, true],
  [34, false],
  [5_000, false],
])('nested %i deep: parsed is %s', (depth, isRead) => {
  const lists = `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`
  const objects = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
  expect([lists, objects].map((text) => parseStrictObject(text) !== undefined)).toEqual([isRead, isRead])
})

test('members added to Object.prototype do not count as members of the JSON', () => {
  const everything = Object.prototype as { spoiled?: unknown }
  everything.spoiled = 1
  try {
    expect(parseStrictObject('{"a":{}}')).toBeUndefined()
  } finally {
    delete everything.spoiled
  }
})

test('a frozen object is frozen at every level', () => {
  const read = freezeThrough(parseStrictObject('{"a":[{"b":[1]}],"c":{"d":{}}}') ?? {})
  const levels: unknown[] = [read]
  for (const level of levels) {
    expect(Object.isFrozen(level)).toBe(true)
    levels.push(...Object.values(level as object).filter((value) => typeof value === 'object'))
  }
  expect(levels).toHaveLength(6)
})
