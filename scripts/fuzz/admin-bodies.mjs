import { hostileValue } from './values.mjs'
import { realmNamed } from './world.mjs'

/** A valid body for the route, from an observed one or from a small model. */
export function bodyFor(random, world, route, method) {
  const shown = world.shown.get(route)
  if (shown !== undefined && random.percent(method === 'PUT' ? 60 : 20)) {
    const one =
      Array.isArray(shown) && method === 'PUT' && !/profiles|policies/.test(route)
        ? random.pick(shown)
        : shown
    if (one !== undefined) return structuredClone(one)
  }
  const model = models.find(([pattern]) => pattern.test(`${method} ${route}`))
  return model === undefined ? { name: random.word(), value: hostileValue(random) } : model[1](random, world)
}

const role = (random, world) => ({
  id: random.pick(world.ids.role),
  name: random.pick(world.ids.roleName) ?? 'reader',
})
const group = (random, world) => ({
  name: random.word(),
  attributes: { a: ['b'] },
  ...(random.percent(30) ? { id: random.pick(world.ids.group), parentId: random.pick(world.ids.group) } : {}),
  ...(random.percent(30) ? { subGroups: [{ name: random.word(), id: random.pick(world.ids.group) }] } : {}),
  ...(random.percent(20) ? { realmRoles: ['reader'], clientRoles: { app: ['x'] }, path: '/staff' } : {}),
})
const mapper = (random) => ({
  name: random.word(),
  protocol: 'openid-connect',
  protocolMapper: random.pick([
    'oidc-usermodel-attribute-mapper',
    'oidc-audience-mapper',
    'oidc-hardcoded-claim-mapper',
    'oidc-group-membership-mapper',
    'oidc-usermodel-realm-role-mapper',
    'oidc-usermodel-client-role-mapper',
    'oidc-full-name-mapper',
    'oidc-role-name-mapper',
    'oidc-sha256-pairwise-sub-mapper',
    'none',
  ]),
  config: {
    'claim.name': random.pick(['a', 'a.b', 'a..b', '__proto__.x', String.raw`a\.b`, '.', 'sub', 'aud']),
    'claim.value': random.pick(['1', '{"a":1}', 'x', '[']),
    'jsonType.label': random.pick(['String', 'int', 'long', 'boolean', 'JSON', 'x']),
    'user.attribute': random.pick(['a', 'locale', '']),
    'included.client.audience': 'app',
    'access.token.claim': 'true',
    'id.token.claim': 'true',
    multivalued: random.pick(['true', 'false']),
  },
})
const newUser = (random, world) => ({
  username: random.word(),
  email: `${random.word()}@example.com`,
  firstName: 'A',
  lastName: 'B',
  enabled: true,
  attributes: { locale: ['en'], a: ['b', 'c'] },
  requiredActions: random.percent(20) ? ['UPDATE_PASSWORD', 'none'] : [],
  groups: random.percent(20) ? ['/staff', '/none'] : [],
  ...(random.percent(3)
    ? { credentials: [{ type: 'password', value: random.word(12), temporary: false }] }
    : {}),
  ...(random.percent(10) ? { id: random.pick(world.ids.user), realmRoles: ['reader', 'none'] } : {}),
})
const newClient = (random) => ({
  clientId: random.word(),
  redirectUris: [random.pick(['https://app.example/*', '*', '/x', 'http://[', '+'])],
  webOrigins: ['+'],
  publicClient: random.percent(50),
  serviceAccountsEnabled: random.percent(50),
  attributes: { 'post.logout.redirect.uris': '+', 'pkce.code.challenge.method': 'S256', a: null },
  defaultClientScopes: ['profile', 'none'],
  protocolMappers: random.percent(30) ? [mapper(random)] : [],
})

/** The first that matches `METHOD route`. */
const models = [
  [
    /POST .*partialImport$/,
    (random, world) => ({
      ifResourceExists: random.pick(['SKIP', 'FAIL', 'OVERWRITE', 'x']),
      users: [newUser(random, world), newUser(random, world)],
      groups: [group(random, world)],
      roles: {
        realm: [{ name: random.word() }],
        client: { app: [{ name: random.word(), composites: { realm: ['reader'] } }] },
      },
      clients: [newClient(random)],
    }),
  ],
  [
    /POST \/admin\/realms$/,
    (random, world) => ({
      ...realmNamed(random.percent(30) ? world.realm : `${world.realm}-${random.word(3)}`),
    }),
  ],
  [
    /role-mappings|composites|scope-mappings/,
    (random, world) => [role(random, world), ...(random.percent(30) ? [role(random, world)] : [])],
  ],
  [/add-models/, (random) => [mapper(random), mapper(random)]],
  [/protocol-mappers/, mapper],
  [/POST .*\/users$|PUT .*\/users\/:userId$/, newUser],
  [
    /reset-password$/,
    (random) => ({ type: 'password', value: random.word(12), temporary: random.percent(50) }),
  ],
  [/userLabel|disable-credential|execute-actions/, (random) => [random.word(), 'UPDATE_PASSWORD']],
  [
    /users\/profile/,
    (random) => ({
      attributes: [
        {
          name: 'username',
          validations: {
            length: { min: 3, max: 255 },
            pattern: { pattern: random.pick(['(a+)+$', '[', '.*']) },
          },
        },
        {
          name: 'email',
          required: { roles: ['user'] },
          permissions: { view: ['admin', 'user'], edit: ['admin'] },
        },
        { name: random.word(), multivalued: true, validations: { options: { options: ['a'] } } },
      ],
      unmanagedAttributePolicy: random.pick(['ENABLED', 'ADMIN_EDIT', 'x']),
    }),
  ],
  [
    /roles/,
    (random, world) => ({
      name: random.percent(80) ? random.word() : random.pick(world.ids.roleName),
      description: 'text',
      attributes: { a: ['b'] },
      ...(random.percent(20)
        ? { composite: true, composites: { realm: ['reader', 'writer'], client: { app: ['x'] } } }
        : {}),
    }),
  ],
  [/groups|children/, group],
  [/clients\/:clientUuid$|clients$/, newClient],
  [
    /client-scopes/,
    (random) => ({
      name: random.word(),
      protocol: 'openid-connect',
      attributes: { a: 'b' },
      protocolMappers: [mapper(random)],
    }),
  ],
  [/\/copy$/, (random) => ({ newName: random.word() })],
  [
    /executions\/flow$/,
    (random) => ({
      alias: random.word(),
      type: 'basic-flow',
      provider: 'registration-page-form',
      description: '',
    }),
  ],
  [
    /executions\/execution$/,
    (random) => ({
      provider: random.pick(['auth-cookie', 'auth-otp-form', 'conditional-user-configured', 'none']),
    }),
  ],
  [
    /executions$/,
    (random, world) => ({
      id: random.pick(world.ids.execution),
      requirement: random.pick(['REQUIRED', 'ALTERNATIVE', 'DISABLED', 'CONDITIONAL', 'x']),
      priority: 10,
    }),
  ],
  [
    /config/,
    (random) => ({
      alias: random.word(),
      config: { a: 'b', 'default.reference.maxAge': 'x' },
      eventsEnabled: true,
      enabledEventTypes: ['LOGIN'],
    }),
  ],
  [
    /authentication\/flows/,
    (random, world) => ({
      alias: random.word(),
      providerId: 'basic-flow',
      topLevel: true,
      builtIn: false,
      authenticationExecutions: [
        { authenticator: 'auth-cookie', requirement: 'REQUIRED', flowAlias: random.pick(world.ids.flow) },
      ],
    }),
  ],
  [
    /required-actions/,
    (random) => ({
      alias: 'UPDATE_PASSWORD',
      name: 'x',
      enabled: true,
      defaultAction: random.percent(30),
      priority: 10,
      config: {},
    }),
  ],
  [
    /profiles/,
    (random) => ({
      profiles: [
        {
          name: random.word(),
          executors: [
            {
              executor: 'secret-rotation',
              configuration: { 'expiration-period': random.pick([1, 'x', -1]) },
            },
          ],
        },
      ],
    }),
  ],
  [
    /policies/,
    (random) => ({
      policies: [
        {
          name: random.word(),
          enabled: true,
          conditions: [{ condition: 'client-access-type', configuration: { type: ['confidential'] } }],
          profiles: ['a'],
        },
      ],
    }),
  ],
  [
    /PUT \/admin\/realms\/:realm$/,
    (random, world) => ({
      realm: random.percent(97) ? world.realm : random.word(),
      [random.pick([
        'passwordPolicy',
        'otpPolicyDigits',
        'accessTokenLifespan',
        'ssoSessionMaxLifespan',
        'attributes',
        'browserSecurityHeaders',
        'smtpServer',
        'defaultSignatureAlgorithm',
        'browserFlow',
        'bruteForceProtected',
        'loginWithEmailAllowed',
        'defaultRole',
        'supportedLocales',
        'eventsListeners',
        'notBefore',
        'revokeRefreshToken',
        'sslRequired',
      ])]: random.percent(40)
        ? hostileValue(random)
        : random.pick([
            true,
            false,
            1,
            0,
            'length(8) and digits(1)',
            'regexPattern((a+)+)',
            'hashIterations(1)',
            'length(x)',
            'maxLength(5) and upperCase(1)',
            {},
            'browser',
          ]),
    }),
  ],
]
