import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Tests run on the sources: workspaces resolve each other by the `cloakwright-source` condition. */
const sources = { conditions: ['cloakwright-source'] }

/** What every configuration here shares. */
export const shared = {
  resolve: sources,
  ssr: { resolve: sources },
  test: {
    // The modules are loaded once for all files of a worker, which halves the time. test-leftovers.ts fails a file that leaves
    // something changed for the next one.
    isolate: false,
    // Fewer collections of short-lived objects: an eighth of the processor's time.
    execArgv: ['--max-semi-space-size=32'],
    setupFiles: ['./scripts/test-rsa-keys.ts', './scripts/test-leftovers.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
}

/** Files that measure the heap: each has a process of its own, here alone. */
export const measuring = [
  'packages/admin/test/files/large-files.test.ts',
  'packages/cloakwright/test/keys/key-set.test.ts',
  'packages/cloakwright/test/token/{cache,header,revocations}.test.ts',
]

/** Files of ten seconds and more: some mostly wait, and one that started last would run alone at the end. */
const longest = [
  'packages/devrealm/test/home/full-disk.test.ts',
  'packages/devrealm/test/admin/request/wrong-types.test.ts',
  'apps/server/test/start-up.test.ts',
  'packages/admin/test/import/kill.test.ts',
  'packages/admin/test/import/import-users.test.ts',
  'packages/cloakwright/test/lock/lock.test.ts',
  'packages/cli/test/commands/devrealm/devrealm-run.test.ts',
  'scripts/test/fuzz-devrealm.test.ts',
  'apps/server/test/full-disk.test.ts',
  'packages/cli/test/program/examples.test.ts',
  'apps/server/test/secret-rotation.test.ts',
].map((file) => join(import.meta.dirname, file))
for (const file of longest) if (!existsSync(file)) throw new Error(`vitest.config.ts names no file: ${file}`)

/** Vitest knows the durations of a previous run only, and after an installation none. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const first = longest.flatMap((path) => sorted.filter(({ moduleId }) => moduleId === path))
    return [...first, ...sorted.filter((file) => !first.includes(file))]
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    globalSetup: ['./scripts/build-before-tests.mjs'],
    // Vitest would leave one core of two idle.
    maxWorkers: Math.max(2, availableParallelism() + 1),
    projects: [
      {
        ...shared,
        test: {
          ...shared.test,
          name: 'tests',
          include: [
            'packages/*/test/**/*.test.ts',
            'apps/*/test/**/*.test.ts',
            'conformance/test/**/*.test.ts',
            'scripts/test/**/*.test.ts',
          ],
          exclude: [
            '**/node_modules/**',
            '**/*.keycloak.test.ts',
            '**/*.browser.test.ts',
            '**/*.compatibility.test.ts',
            ...measuring,
          ],
        },
      },
      { ...shared, test: { ...shared.test, name: 'memory', isolate: true, include: measuring } },
    ],
  },
})
