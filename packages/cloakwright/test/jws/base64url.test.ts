import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBytes, decodeText, type OneByteString, toOneByte } from '../../src/jws/base64url.ts'

const oneByte = (text: string): OneByteString => {
  const copy = toOneByte(text)
  if (copy === undefined) throw new Error('Not one byte per character')
  return copy
}
const decode = (text: string): Buffer | undefined => decodeBytes(oneByte(text), 0, text.length)
const bytes = fc.uint8Array({ maxLength: 100 }).map((array) => Buffer.from(array))
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** RFC 4648 §5 without padding, one character at a time. */
function decodeByTable(text: string): Buffer | undefined {
  const decoded: number[] = []
  let bits = 0
  let held = 0
  for (const char of text) {
    const value = alphabet.indexOf(char)
    if (value === -1) return undefined
    held = (held << 6) | value
    bits += 6
    if (bits < 8) continue
    bits -= 8
    decoded.push(held >> bits)
    held &= (1 << bits) - 1
  }
  return bits < 6 && held === 0 ? Buffer.from(decoded) : undefined
}

test('encoded bytes are decoded to the same bytes', () => {
  fc.assert(
    fc.property(bytes, (any) => {
      expect(decode(any.toString('base64url'))).toEqual(any)
    }),
  )
})

describe('decodes exactly what a table of the alphabet decodes', () => {
  const latin1 = fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code))
  const lenient = fc.constantFrom(...'ABCQgwxyz019-_+/= .\n\r\t\0\u00e9'.split(''))

  test('of random strings', () => {
    const strings = fc.oneof(
      fc.string({ unit: lenient, maxLength: 12 }),
      fc.string({ unit: latin1, maxLength: 100 }),
    )
    fc.assert(
      fc.property(strings, (any) => {
        expect(decode(any)).toEqual(decodeByTable(any))
      }),
      { numRuns: 3000 },
    )
  })

  test('of encoded bytes with up to three characters replaced, inserted or removed', () => {
    const unit = fc.oneof(latin1, lenient, fc.constantFrom(...alphabet.split('')))
    const mutation = fc.record({
      at: fc.nat(),
      removed: fc.nat(2),
      inserted: fc.string({ unit, maxLength: 2 }),
    })
    const mutations = fc.array(mutation, { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), mutations, (any, changes) => {
        let text = Buffer.from(any).toString('base64url')
        for (const { at, removed, inserted } of changes) {
          const place = at % (text.length + 1)
          text = `${text.slice(0, place)}${inserted}${text.slice(place + removed)}`
        }
        expect(decode(text)).toEqual(decodeByTable(text))
      }),
      { numRuns: 5000 },
    )
  })

  test.each([1, 2, 3, 4])('of all characters at place %i of a group', (place) => {
    for (const after of ['', 'A', 'AA', 'AAA', 'AAAA'])
      for (let code = 0; code < 256; code++) {
        const text = `AAAAAAAA${'A'.repeat(place - 1)}${String.fromCharCode(code)}${after}`
        expect(decode(text), JSON.stringify(text)).toEqual(decodeByTable(text))
      }
  })

  test.each(['-', '_', 'A', '9'])('of two characters after any third, the last one %s', (last) => {
    for (const char of alphabet)
      for (const text of [`${last}${char}`, `A${last}${char}`, `AAAA${char}${last}`, `AAAAA${char}${last}`])
        expect(decode(text), text).toEqual(decodeByTable(text))
  })
})

test('refuses a character above U+00FF, of which Node would decode the lower eight bits', () => {
  // U+0144 has the lower eight bits of D, and QUJD is ABC.
  expect(Buffer.from('QUJ\u0144', 'base64url').toString()).toBe('ABC')
  expect(toOneByte('QUJ\u0144')).toBeUndefined()
  const twoByte = fc.integer({ min: 0x1_00, max: 0xff_ff }).map((code) => String.fromCharCode(code))
  fc.assert(
    fc.property(bytes, twoByte, fc.nat(), (any, char, at) => {
      const text = any.toString('base64url')
      const place = at % (text.length + 1)
      expect(toOneByte(`${text.slice(0, place)}${char}${text.slice(place + 1)}`)).toBeUndefined()
    }),
  )
})

test('copies a string with one byte per character, whatever its representation', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (any) => {
      const text = Buffer.from(any).toString('latin1')
      // Of a larger string with two bytes a character, the part keeps two.
      const part = `\u0100${text}`.slice(1)
      expect(toOneByte(part)).toBe(text)
      expect(toOneByte(`${text.slice(0, 20)}${text.slice(20)}`)).toBe(text)
    }),
  )
})

test('a segment is decoded from within its token', () => {
  const token = oneByte('eyJh.SGVsbG8.QUJD')
  expect(decodeText(token, 5, 12)).toBe('Hello')
  expect(decodeBytes(token, 13, 17)?.toString()).toBe('ABC')
})

test('strings are UTF-8, and invalid bytes are distinguished from the replacement character', () => {
  const textOf = (any: Buffer): string | null | undefined =>
    decodeText(oneByte(any.toString('base64url')), 0, Math.ceil((any.length * 4) / 3))
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
  const text = oneByte(long.toString('base64url'))
  expect(decodeText(text, 0, text.length)).toBe(long.toString())
  expect(decodeBytes(text, 0, text.length)?.equals(long)).toBe(true)
})
