import { defineConfig } from 'vitest/config'
import base from '../vitest.config.ts'

/** The whole suite, and the cases that only a real Keycloak can pass. Run it from the root of the workspace. */
export default defineConfig({
  ...base,
  test: { ...base.test, include: ['conformance/test/**/*.test.ts'], exclude: ['**/node_modules/**'] },
})
