import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createBrowserSession } from 'cloakwright/browser'
import { minify } from 'vite'
import { expect, test } from 'vitest'

// What needs no page; page.browser.test.ts has the rest.

const file = join(import.meta.dirname, '../../dist/browser/index.js')

test('the module is one file without imports, under 3 KB minified', async () => {
  const source = readFileSync(file, 'utf8')
  const { code, errors } = await minify('index.js', source, { module: true })
  expect(errors).toEqual([])
  expect(code).toContain('createBrowserSession')
  expect(Buffer.byteLength(code)).toBeLessThan(3_000)
  expect(code).not.toMatch(/\bimport\b|\brequire\b|process\./)
})

test('a server that renders pages may create it', () => {
  const auth = createBrowserSession({ basePath: '/auth/acme' })
  expect(Object.keys(auth).toSorted()).toEqual(['fetch', 'login', 'logout', 'onEnd', 'session'])
})

test.each(['', 'auth', '/auth/', '//evil.example', 'https://evil.example/auth', '/auth?x', '/../auth'])(
  'the path %o is refused',
  (basePath) => {
    expect(() => createBrowserSession({ basePath })).toThrow(
      `basePath: not a path such as /auth: ${basePath}`,
    )
  },
)
