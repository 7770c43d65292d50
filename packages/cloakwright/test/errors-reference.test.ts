import { readFileSync } from 'node:fs'
import { CloakwrightError, type ErrorCode, errorStatus } from 'cloakwright'
import { expect, test } from 'vitest'

const reference = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly repository: { readonly url: string }
}
const repository = manifest.repository.url.replace(/^git\+/, '').replace(/\.git$/, '')
const explained = [...reference.matchAll(/^### (CW_\w+)$/gm)].map(([, code]) => code)
/** GitHub's anchors of headings without punctuation. */
const anchors = explained.map((heading) => heading?.toLowerCase())

test('docs/errors.md explains every code exactly once, and nothing else', () => {
  expect(explained.toSorted()).toEqual(Object.keys(errorStatus).toSorted())
})

test.each(Object.keys(errorStatus) as ErrorCode[])('%s links to its section of docs/errors.md', (code) => {
  const url = new URL(new CloakwrightError(code, 'text').docs)
  expect(url.origin + url.pathname).toBe(`${repository}/blob/main/docs/errors.md`)
  expect(anchors).toContain(url.hash.slice(1))
})
