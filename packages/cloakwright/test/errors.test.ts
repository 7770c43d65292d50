import { CloakwrightError, toProblem } from 'cloakwright'
import { describe, expect, test } from 'vitest'

describe('instanceof CloakwrightError', () => {
  test('accepts an error of another copy of the package, in both directions', async () => {
    // The query makes the loader evaluate the module again, like a second installation.
    const other = (await import(`${'../src/errors.ts'}?copy`)) as {
      CloakwrightError: typeof CloakwrightError
    }
    expect(other.CloakwrightError).not.toBe(CloakwrightError)
    const theirs = new other.CloakwrightError('CW_TOKEN_EXPIRED', 'Token: it has expired (exp)')
    expect(theirs instanceof CloakwrightError).toBe(true)
    expect(new CloakwrightError('CW_FORBIDDEN', 'text') instanceof other.CloakwrightError).toBe(true)
    expect(toProblem(theirs, 'request-1')).toMatchObject({ status: 401, code: 'CW_TOKEN_EXPIRED' })
  })

  test.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'CW_FORBIDDEN'],
    ['another error', new TypeError('text')],
    ['an object with the same properties', { name: 'CloakwrightError', code: 'CW_FORBIDDEN', status: 403 }],
  ])('refuses %s', (_name, value) => {
    expect(value instanceof CloakwrightError).toBe(false)
  })

  test('with a subclass accepts the instances of that class only', () => {
    class ShopError extends CloakwrightError {}
    const ours = new ShopError('CW_FORBIDDEN', 'text')
    expect([ours instanceof ShopError, ours instanceof CloakwrightError]).toEqual([true, true])
    expect(new CloakwrightError('CW_FORBIDDEN', 'text') instanceof ShopError).toBe(false)
  })

  test('narrows the type', () => {
    const read = (error: unknown): string | undefined =>
      error instanceof CloakwrightError ? error.code : undefined
    expect(read(new CloakwrightError('CW_FORBIDDEN', 'text'))).toBe('CW_FORBIDDEN')
  })
})

test('the mark of an error does not appear in a log', () => {
  const keys = Reflect.ownKeys(new CloakwrightError('CW_FORBIDDEN', 'text'))
  expect(keys.filter((key) => typeof key === 'symbol')).toEqual([])
})
