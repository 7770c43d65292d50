import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf, decodeBytes, decodeText } from '../../src/jws/base64url.ts'

const decode = (text: string): Buffer | undefined => decodeBytes(bytesOf(text), 0, text.length)
const bytes = fc.uint8Array({ maxLength: 100 }).map((array) => Buffer.from(array))

test('encoded bytes are decoded to the same bytes', () => {
  fc.assert(
    fc.property(bytes, (any) => {
      expect(decode(any.toString('base64url'))).toEqual(any)
    }),
  )
})

test('a string is decoded only if an encoder produces exactly it from the bytes', () => {
  const text = fc.string({ unit: fc.constantFrom(...'ABCQgwxyz019-_+/= .\n\u00e9'.split('')), maxLength: 12 })
  fc.assert(
    fc.property(text, (any) => {
      const canonical = Buffer.from(any, 'base64url').toString('base64url') === any
      expect(decode(any) !== undefined).toBe(canonical)
    }),
    { numRuns: 3000 },
  )
})

test.each([1, 2, 3, 4])(
  'of all characters at position %i of a group, the 64 of the alphabet are decoded',
  (place) => {
    const decoded = []
    for (let code = 0; code < 256; code++) {
      const char = String.fromCharCode(code)
      const text = `AAAAAAAA${'A'.repeat(place - 1)}${char}${'A'.repeat(4 - place)}AAAA`
      if (decode(text) !== undefined) decoded.push(char)
    }
    expect(decoded.join('')).toBe('-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz')
  },
)

test('a segment is decoded from within its token', () => {
  const token = bytesOf('eyJh.SGVsbG8.QUJD')
  expect(decodeText(token, 5, 12)).toBe('Hello')
  expect(decodeBytes(token, 13, 17)?.toString()).toBe('ABC')
})

test('strings are UTF-8, and invalid bytes are distinguished from the replacement character', () => {
  const textOf = (any: Buffer): string | null | undefined =>
    decodeText(bytesOf(any.toString('base64url')), 0, Math.ceil((any.length * 4) / 3))
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (any) => {
      expect(textOf(Buffer.from(any))).toBe(any)
    }),
  )
  expect(textOf(Buffer.from('a \ufffd b'))).toBe('a \ufffd b')
  for (const wrong of ['ff', 'c0af', 'eda080', '61e282', 'f4908080', 'efbfbdff'])
    expect(textOf(Buffer.from(wrong, 'hex')), wrong).toBeNull()
})

test('unusually long strings are decoded as well', () => {
  const long = Buffer.alloc(100_000, 'long ')
  const text = long.toString('base64url')
  expect(decodeText(bytesOf(text), 0, text.length)).toBe(long.toString())
})
