import { defineRealm, type RealmDefinition } from '@cloakwright/admin/realm'
import { describe, expect, test } from 'vitest'

const user = { username: 'alice', email: 'alice@example.com', firstName: 'Alice', lastName: 'Liddell' }

test('a definition that is valid comes back as it is', () => {
  const definition: RealmDefinition = {
    realm: 'shop',
    accessTokenLifespan: 300,
    attributes: { frontendUrl: 'https://id.example.com' },
    roles: {
      realm: [{ name: 'admin', composites: { client: { 'shop-api': ['editor'] } } }],
      client: { 'shop-api': [{ name: 'editor' }] },
    },
    clients: [
      { clientId: 'shop-api', secret: 's3cret', redirectUris: ['https://shop.example.com/auth/callback'] },
    ],
    groups: [{ name: 'staff', subGroups: [{ name: 'editors', roles: { realm: ['admin'] } }] }],
    users: [{ ...user, password: 'wonderland', groups: ['/staff/editors'] }],
    authenticationFlows: [
      {
        alias: 'login',
        executions: [
          { authenticator: 'auth-cookie', requirement: 'ALTERNATIVE' },
          {
            flow: 'forms',
            requirement: 'ALTERNATIVE',
            executions: [{ authenticator: 'auth-otp-form', requirement: 'REQUIRED' }],
          },
        ],
      },
    ],
  }
  expect(defineRealm(definition)).toBe(definition)
})

describe('a mistake is named by its JSON path, before anything is sent', () => {
  test.each<[string, unknown, string]>([
    ['not an object', [], '$ must be an object'],
    ['no name', {}, '$.realm is missing'],
    [
      'a name that does not fit into a URL',
      { realm: 'a/b' },
      '$.realm must contain only letters, digits, - . _ ~',
    ],
    ['an unknown field', { accessTokenLifetime: 300 }, '$.accessTokenLifetime is an unknown field'],
    ['a prototype name as a field', JSON.parse('{"constructor": 1}'), '$.constructor is an unknown field'],
    [
      'a number as text',
      { accessTokenLifespan: '300' },
      '$.accessTokenLifespan must be a whole number, 0 or more',
    ],
    ['a negative number', { failureFactor: -1 }, '$.failureFactor must be a whole number, 0 or more'],
    ['a flag as text', { revokeRefreshToken: 'true' }, '$.revokeRefreshToken must be true or false'],
    ['a value outside a choice', { sslRequired: 'ALL' }, '$.sslRequired must be one of none, external, all'],
    ['an OTP of 7 digits', { otpPolicyDigits: 7 }, '$.otpPolicyDigits must be one of 6, 8'],
    ['an attribute that is no text', { attributes: { 'a.b': 1 } }, '$.attributes["a.b"] must be a string'],
    [
      'a role twice',
      { roles: { realm: [{ name: 'admin' }, { name: 'admin' }] } },
      '$.roles.realm[1].name is a duplicate',
    ],
    ['a client without its id', { clients: [{ redirectUris: [] }] }, '$.clients[0].clientId is missing'],
    [
      'redirect URIs that are no list',
      { clients: [{ clientId: 'a', redirectUris: 'x' }] },
      '$.clients[0].redirectUris must be a list',
    ],
    [
      'an empty secret',
      { clients: [{ clientId: 'a', secret: '' }] },
      '$.clients[0].secret must be a non-empty string',
    ],
    [
      "Keycloak's mask as a secret",
      { clients: [{ clientId: 'a', secret: '**********' }] },
      '$.clients[0].secret is the mask that Keycloak shows instead of the secret; give the secret itself',
    ],
    [
      'a password of the mail server that Keycloak would drop',
      { smtpServer: { host: 'mail.example.com', password: 's3cr3t-canary' } },
      '$.smtpServer.password needs auth: "true"',
    ],
    [
      'a client scope in both lists of a client',
      { clients: [{ clientId: 'a', defaultClientScopes: ['b'], optionalClientScopes: ['c', 'b'] }] },
      '$.clients[0].optionalClientScopes[1] is also a default client scope',
    ],
    [
      'a mapper without its type',
      { clients: [{ clientId: 'a', protocolMappers: [{ name: 'audience' }] }] },
      '$.clients[0].protocolMappers[0].protocolMapper is missing',
    ],
    [
      'a short user name',
      { users: [{ ...user, username: 'al' }] },
      '$.users[0].username must have at least 3 characters',
    ],
    [
      'a user name in upper case',
      { users: [{ ...user, username: 'Alice' }] },
      '$.users[0].username must be in lower case, because Keycloak stores it that way',
    ],
    [
      'a password of a user without e-mail',
      { users: [{ username: 'alice', firstName: 'Alice', lastName: 'Liddell', password: 'x' }] },
      '$.users[0].email is missing: without it, a login with the password fails with "Account is not fully set up"',
    ],
    [
      'a group by name alone',
      { users: [{ ...user, groups: ['staff'] }] },
      '$.users[0].groups[0] must be a path like /staff/editors',
    ],
    [
      'a slash in a group',
      { groups: [{ name: 'a/b' }] },
      '$.groups[0].name must not contain a slash; nest the group in subGroups',
    ],
    [
      'a group that no path leads to',
      { groups: [{ name: 'a', subGroups: [{ name: '..' }] }] },
      '$.groups[0].subGroups[0].name must not be . or ..',
    ],
    [
      'a role that no path leads to',
      { roles: { realm: [{ name: '.' }] } },
      '$.roles.realm[0].name must not be . or ..',
    ],
    [
      'a mistake deep down',
      { groups: [{ name: 'a', subGroups: [{ name: 'b', rolls: {} }] }] },
      '$.groups[0].subGroups[0].rolls is an unknown field',
    ],
    [
      'an unknown requirement',
      {
        authenticationFlows: [
          { alias: 'a', executions: [{ authenticator: 'auth-cookie', requirement: 'OPTIONAL' }] },
        ],
      },
      '$.authenticationFlows[0].executions[0].requirement must be one of REQUIRED, ALTERNATIVE, CONDITIONAL, DISABLED',
    ],
  ])('%s', (_, part, message) => {
    const definition =
      Array.isArray(part) || Object.keys(part as object).length === 0
        ? part
        : { realm: 'shop', ...(part as object) }
    expect(() => defineRealm(definition as RealmDefinition)).toThrow(
      expect.objectContaining({ code: 'CW_REALM_INVALID', message: expect.stringContaining(message) }),
    )
  })

  test('all of them at once, the first ten in full', () => {
    const users = Array.from({ length: 12 }, (_, index) => ({ username: `Nobody-${index}` }))
    expect(() => defineRealm({ realm: 'shop', users })).toThrow(/\$\.users\[0\].*\$\.users\[9\].*and 2 more$/)
  })

  test('without its value', () => {
    const users = [
      { ...user, password: 17, email: ['canary-value'] },
    ] as unknown as RealmDefinition['users'] & object
    expect(() => defineRealm({ realm: 'shop', users })).toThrow(
      expect.objectContaining({ message: expect.not.stringMatching(/17|canary/) }),
    )
  })
})
