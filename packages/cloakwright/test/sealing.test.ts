import { describe, expect, it } from 'vitest'
import { createKeyring, randomToken } from '../src/sealing.ts'
import { newKey } from './session/support/setup.ts'

const binding = ['session', 'row', 1]

describe('keyring', () => {
  const first = newKey('first')
  const second = newKey('second')

  it('decrypts what it encrypted', async () => {
    const keyring = createKeyring([first])
    expect(await keyring.open(await keyring.seal('text é', binding), binding)).toBe('text é')
  })

  it('never encrypts to the same result, and shows nothing of the input', async () => {
    const keyring = createKeyring([first])
    const [a, b] = await Promise.all([keyring.seal('secret', binding), keyring.seal('secret', binding)])
    expect(Buffer.from(a.sealed).equals(b.sealed)).toBe(false)
    expect(Buffer.from(a.sealed).toString('latin1')).not.toContain('secret')
  })

  it('encrypts with the first key and decrypts with any', async () => {
    const old = await createKeyring([first]).seal('text', binding)
    const rotated = createKeyring([second, first])
    expect(await rotated.open(old, binding)).toBe('text')
    expect((await rotated.seal('text', binding)).keyId).toBe('second')
    expect(await createKeyring([second]).open(old, binding)).toBeUndefined()
  })

  it('calls a function for its keys before each use', async () => {
    let keys = [first]
    const keyring = createKeyring(() => keys)
    const old = await keyring.seal('text', binding)
    keys = [second, first]
    expect((await keyring.seal('text', binding)).keyId).toBe('second')
    expect(await keyring.open(old, binding)).toBe('text')
  })

  it('decrypts nothing in another place, with another key, or after a change', async () => {
    const keyring = createKeyring([first, second])
    const { keyId, sealed } = await keyring.seal('text', binding)
    expect(await keyring.open({ keyId, sealed }, ['session', 'row', 2])).toBeUndefined()
    expect(await keyring.open({ keyId: 'second', sealed }, binding)).toBeUndefined()
    for (let index = 0; index < sealed.length; index++) {
      const changed = Uint8Array.from(sealed)
      changed[index] = (changed[index] ?? 0) ^ 1
      expect(await keyring.open({ keyId, sealed: changed }, binding)).toBeUndefined()
      expect(await keyring.open({ keyId, sealed: sealed.slice(0, index) }, binding)).toBeUndefined()
    }
  })

  it.each([
    ['no key', [], 'CW_CONFIG_MISSING', /the list is empty/],
    ['a short key', [{ id: 'a', key: new Uint8Array(16) }], 'CW_CONFIG_INVALID', /keys\[0\]: has 16 bytes/],
    [
      'an id used twice',
      [first, { ...second, id: 'first' }],
      'CW_CONFIG_INVALID',
      /keys\[[01]\]: has the same id as another key/,
    ],
    ['an invalid id', [{ ...first, id: 'a.b' }], 'CW_CONFIG_INVALID', /keys\[0\]: needs an id/],
  ])('refuses %s', (_, keys, code, message) => {
    expect(() => createKeyring(keys)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    )
  })
})

it('creates tokens of 256 bits that fit into a cookie', () => {
  expect(randomToken()).toMatch(/^[\w-]{43}$/)
  expect(randomToken()).not.toBe(randomToken())
})
