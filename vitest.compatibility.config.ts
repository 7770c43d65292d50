import { availableParallelism } from 'node:os'
import { defineConfig, mergeConfig } from 'vitest/config'
import { shared } from './vitest.config.ts'

/** What other versions of Node, NestJS, Express, TypeScript, Jest and Next.js say: scripts/test-compatibility.mjs brings them. */
export default mergeConfig(
  shared,
  defineConfig({
    test: {
      globalSetup: ['./scripts/build-before-tests.mjs'],
      include: ['packages/cloakwright/test/**/*.compatibility.test.ts'],
      exclude: ['**/node_modules/**'],
      // Vitest would leave one core of two idle.
      maxWorkers: Math.max(2, availableParallelism()),
      maxConcurrency: availableParallelism(),
      testTimeout: 300_000,
      hookTimeout: 120_000,
    },
  }),
)
