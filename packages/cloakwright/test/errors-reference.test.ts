import { readFileSync } from 'node:fs'
import { CloakwrightError, type ErrorCode, errorStatus } from 'cloakwright'
import { expect, test } from 'vitest'

const reference = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
const explained = [...reference.matchAll(/^### (CW_\w+)$/gm)].map(([, code]) => code)

test('docs/errors.md explains every code once, and no other', () => {
  expect(explained.toSorted()).toEqual(Object.keys(errorStatus).toSorted())
})

test('an error links its own explanation', () => {
  for (const code of explained) {
    const anchor = code?.toLowerCase()
    expect(new CloakwrightError(code as ErrorCode, 'text').docs).toBe(`docs/errors.md#${anchor}`)
  }
})
