/**
 * The folders of each source tree, lowest layer first: a folder may use those listed before it, never one listed after it.
 * Files directly in a tree belong to no folder.
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
    'pages',
    'provider',
    'session',
    'clients',
    'guard',
    'forward',
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

/** Trees whose files are separate programs: an index would load what other files need, or what is not installed yet. */
export const programs = ['scripts']

/** Trees that may import non-exported built files of a package: a benchmark measures single steps. */
export const measuring = ['bench/src', 'scripts']
