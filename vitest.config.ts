import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

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

export default defineConfig({
  test: {
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
