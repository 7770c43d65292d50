import { afterEach, expect, test, vi } from 'vitest'
import { colorsOf } from '../../src/terminal/colors.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

test.each([
  ['a pipe on a build server', undefined, { CI: 'true' }, false],
  ['a terminal', true, {}, true],
  ['a terminal, with NO_COLOR', true, { NO_COLOR: '1' }, false],
  ['a pipe, with FORCE_COLOR', undefined, { FORCE_COLOR: '1' }, true],
])('%s', (_name, isTTY, environment, expected) => {
  for (const name of ['CI', 'NO_COLOR', 'FORCE_COLOR', 'TERM']) vi.stubEnv(name, undefined)
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  expect(colorsOf({ isTTY } as never).isColorSupported).toBe(expected)
})
