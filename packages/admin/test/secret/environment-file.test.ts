import { describe, expect, test } from 'vitest'
import { setVariable } from '../../src/secret/environment-file.ts'

const set = (before: string, value = 'new') => setVariable(Buffer.from(before), 'SECRET', value).toString()

describe('a variable of an environment file', () => {
  test.each([
    ['is replaced', 'A=1\nSECRET=old\nB=2\n', 'A=1\nSECRET=new\nB=2\n'],
    ['is replaced at the end without a newline', 'A=1\nSECRET=old', 'A=1\nSECRET=new'],
    ['is added', 'A=1\n', 'A=1\nSECRET=new\n'],
    ['is added after a line without an end', 'A=1', 'A=1\nSECRET=new\n'],
    ['is the first of a file', '', 'SECRET=new\n'],
    ['keeps export, spaces and quotes', '  export SECRET = "old"\n', '  export SECRET = "new"\n'],
    ['keeps single quotes', "SECRET='o l d'\n", "SECRET='new'\n"],
    ['keeps lines that end as on Windows', 'A=1\r\nSECRET=old\r\nB=2\r\n', 'A=1\r\nSECRET=new\r\nB=2\r\n'],
    ['is not one in a comment', '#SECRET=x\n', '#SECRET=x\nSECRET=new\n'],
    [
      'is not one whose name only begins so',
      'SECRET_ID=x\nMY_SECRET=y\n',
      'SECRET_ID=x\nMY_SECRET=y\nSECRET=new\n',
    ],
    ['may be empty', 'SECRET=\nB=2\n', 'SECRET=new\nB=2\n'],
  ])('%s', (_, before, after) => {
    expect(set(before)).toBe(after)
  })

  test('gets single quotes where its value needs some', () => {
    expect(set('SECRET=old\n', '{"kty":"EC"}')).toBe(`SECRET='{"kty":"EC"}'\n`)
    expect(set('SECRET="old"\n', '$HOME')).toBe(`SECRET='$HOME'\n`)
  })

  test('leaves the bytes of other lines as they are, whatever encoding they have', () => {
    const before = Buffer.concat([
      Buffer.from([0x41, 0x3d, 0xff, 0xfe, 0xc3, 0x28, 0x0a]),
      Buffer.from('SECRET=old\n'),
    ])

    const after = setVariable(before, 'SECRET', 'new')

    expect(after.subarray(0, 7)).toEqual(before.subarray(0, 7))
    expect(after.subarray(7).toString()).toBe('SECRET=new\n')
  })

  test.each([
    ['set twice', 'SECRET=a\nSECRET=b\n', 'new'],
    ['over several lines', 'SECRET="a\nb"\n', 'new'],
    ['given a value of several lines', '', 'a\nb'],
    ['given a value with a quote', '', "a'b"],
  ])('is refused: %s', (_, before, value) => {
    expect(() => set(before, value)).toThrow(expect.objectContaining({ code: 'CW_CONFIG_INVALID' }))
  })

  test.each([['a\nb'], ["a'b"], ['a\0b']])(
    'names what its value must not have, never the value: %j',
    (value) => {
      const message = 'The value of SECRET has a line break, a NUL or a single quote'
      expect(() => set('', value)).toThrow(expect.objectContaining({ message }))
    },
  )

  test('is refused if its name is invalid', () => {
    expect(() => setVariable(undefined, 'A B', 'x')).toThrow(/is not a valid variable name/)
    expect(() => setVariable(undefined, '.*', 'x')).toThrow(/is not a valid variable name/)
  })
})
