import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** Tests run on the sources: workspaces resolve each other by the `cloakwright-source` condition. */
const sources = { conditions: ['cloakwright-source'] }

export default defineConfig({
  resolve: sources,
  ssr: { resolve: sources },
  test: {
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
    ],
    globalSetup: ['./scripts/build-before-tests.mjs'],
    // Vitest would leave one core of two idle.
    maxWorkers: Math.max(2, availableParallelism() + 1),
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
})
