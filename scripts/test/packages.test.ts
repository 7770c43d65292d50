import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Manifest {
  readonly repository: { readonly type: string; readonly url: string; readonly directory?: string }
  readonly files: readonly string[]
  readonly main?: string
  readonly types?: string
  readonly exports: Record<
    string,
    { readonly types: string; readonly default: string; 'types@<5.6'?: string }
  >
  readonly typesVersions?: Record<string, Record<string, string[]>>
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const packages = readdirSync(join(root, 'packages'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }): [string, Manifest] => [
    name,
    JSON.parse(read(`packages/${name}/package.json`)) as Manifest,
  ])
const { repository } = JSON.parse(read('package.json')) as Pick<Manifest, 'repository'>

describe.each(packages)('the package in packages/%s', (name, manifest) => {
  it('has a README, the licence and the repository’s URL', () => {
    expect(existsSync(join(root, 'packages', name, 'README.md'))).toBe(true)
    expect(read(`packages/${name}/LICENSE`)).toBe(read('LICENSE'))
    expect(manifest.repository).toEqual({ ...repository, directory: `packages/${name}` })
  })

  // TypeScript up to 6 with "module": "commonjs" ignores exports.
  it('resolves each entry for compilers that ignore exports', () => {
    const { '.': main, ...subpaths } = manifest.exports
    expect([manifest.main, manifest.types]).toEqual([main?.default, main?.types])
    const declared = Object.entries(subpaths).map(([path, entry]) => [
      path.slice(2),
      [entry['types@<5.6'] ?? entry.types],
    ])
    expect(manifest.typesVersions?.['*'] ?? {}).toEqual(Object.fromEntries(declared))
  })
})
