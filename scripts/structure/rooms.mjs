/**
 * The rooms of each source tree, from the ground up: a room may use those listed before it, never one listed after it.
 * Files that lie directly in a tree belong to no room.
 */
export const trees = {
  'packages/cloakwright/src': [
    'lock',
    'metadata',
    'keys',
    'state',
    'token',
    'introspection',
    'proof',
    'telemetry',
    'policy',
    'session',
    'guard',
    'compat',
    'adapters',
  ],
  'packages/admin/src': ['files', 'audit', 'tasks', 'listing', 'jobs', 'import', 'secret', 'realm'],
  'packages/devrealm/src': [
    'crypto',
    'store',
    'defaults',
    'java-pattern',
    'flows',
    'user-profile',
    'password-policy',
    'pages',
    'oidc',
    'login',
    'admin',
    'home',
  ],
  'packages/cli/src': ['keycloak', 'commands', 'program'],
  'apps/server/src': ['config', 'database', 'pages', 'keycloak', 'http', 'routes'],
  'conformance/src': [],
  'bench/src': ['apps'],
  scripts: ['lib', 'fuzz'],
}
