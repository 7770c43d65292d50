import { availableParallelism } from 'node:os'
import { defineConfig, mergeConfig } from 'vitest/config'
import { measuring, shared } from './vitest.config.ts'

/** What can tell the real Keycloak and PostgreSQL from the embedded ones: scripts/test-keycloak.mjs starts them. */
export default mergeConfig(
  shared,
  defineConfig({
    test: {
      globalSetup: ['./scripts/build-before-tests.mjs'],
      include: [
        'conformance/test/**/*.test.ts',
        'apps/server/test/**/*.test.ts',
        'packages/admin/test/**/*.test.ts',
        'packages/cloakwright/test/introspection/realm.test.ts',
        'packages/cloakwright/test/{clients,proof,session,state}/**/*.test.ts',
        'packages/cloakwright/test/{browser/page,guides/single-page-app}.browser.test.ts',
        'packages/cloakwright/test/compat/browser-login.test.ts',
        'packages/cloakwright/test/guides/call-another-api.test.ts',
        'packages/cloakwright/test/guides/migrate-from-*.test.ts',
        'packages/cloakwright/test/state/**/*.test.ts',
        'packages/cloakwright/test/**/*.keycloak.test.ts',
        'packages/cli/test/**/*.keycloak.test.ts',
        'packages/cli/test/program/everyday.test.ts',
        'packages/cli/test/{lookup/users,options/role-options}.test.ts',
        'packages/cli/test/commands/{read,changes,existing,lists}.test.ts',
        'packages/cli/test/commands/{users,secret,events}/{reset-password,user-jobs,secret-rotation,events}.test.ts',
        'packages/cli/test/commands/realm/realm-difference.test.ts',
      ],
      exclude: ['**/node_modules/**', ...measuring],
      // Keycloak and PostgreSQL need the machine too: with more, requests run into their time limits.
      maxWorkers: Math.max(2, availableParallelism()),
      testTimeout: 60_000,
      hookTimeout: 120_000,
    },
  }),
)
