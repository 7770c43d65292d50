/**
 * The rooms of each source tree, from the ground up: a room may use those listed before it, never one listed after it.
 * Files that lie directly in a tree belong to no room.
 */
export const trees = {
  'packages/cloakwright/src': [
    'lock',
    'http',
    'metadata',
    'jws',
    'keys',
    'state',
    'telemetry',
    'introspection',
    'proof',
    'token',
    'policy',
    'session',
    'guard',
    'compat',
    'adapters',
  ],
  'packages/admin/src': [
    'fields',
    'changes',
    'client',
    'lookup',
    'edit',
    'tasks',
    'progress',
    'listing',
    'files',
    'jobs',
    'import',
    'secret',
    'audit',
    'realm',
    'entries',
  ],
  'packages/devrealm/src': [
    'model',
    'text',
    'java-pattern',
    'store',
    'crypto',
    'defaults',
    'flows',
    'user-profile',
    'password-policy',
    'pages',
    'context',
    'authentication',
    'oidc',
    'login',
    'admin',
    'server',
    'home',
  ],
  'packages/cli/src': [
    'options',
    'terminal',
    'environment',
    'keycloak',
    'connection',
    'lookup',
    'realm-files',
    'commands',
    'program',
  ],
  'apps/server/src': ['config', 'log', 'database', 'http', 'pages', 'keycloak', 'routes'],
  'conformance/src': [],
  'bench/src': ['apps'],
  scripts: ['lib', 'fuzz', 'structure', 'words'],
}

/** Trees whose files are programs of their own: an index would load what the others need, or what is not installed yet. */
export const programs = ['scripts']

/** Trees that may import built files of a package that it does not export: a benchmark measures single steps. */
export const measuring = ['bench/src', 'scripts']
