import { defineConfig, mergeConfig } from 'vitest/config'
import { shared } from './vitest.config.ts'

/** What needs a browser: scripts/test-browser.mjs names one in CHROMIUM_PATH. */
export default mergeConfig(
  shared,
  defineConfig({
    test: {
      globalSetup: ['./scripts/build-before-tests.mjs'],
      include: ['{apps,packages}/*/test/**/*.browser.test.ts', 'conformance/test/**/*.browser.test.ts'],
      exclude: ['**/node_modules/**'],
      testTimeout: 60_000,
      hookTimeout: 60_000,
    },
  }),
)
