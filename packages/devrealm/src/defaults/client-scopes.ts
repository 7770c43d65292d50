import { randomUUID } from 'node:crypto'
import type { ClientScope, ProtocolMapper } from '../model/index.ts'

/** The client scopes that Keycloak creates in a new realm, with their protocol mappers. */
export function defaultClientScopes(): ClientScope[] {
  return [
    scope('offline_access', 'OpenID Connect built-in scope: offline_access', {
      'consent.screen.text': `\${offlineAccessScopeConsentText}`,
      'display.on.consent.screen': 'true',
    }),
    saml(
      'role_list',
      'SAML role list',
      { 'consent.screen.text': `\${samlRoleListScopeConsentText}`, ...shown },
      [
        mapper('role list', 'saml-role-list-mapper', {
          single: 'false',
          'attribute.nameformat': 'Basic',
          'attribute.name': 'Role',
        }),
      ],
    ),
    saml('saml_organization', 'Organization Membership', hidden, [
      mapper('organization', 'saml-organization-membership-mapper', {}),
    ]),
    saml('AuthnContextClassRef', 'AuthnContextClassRef Level of Authentiation', {}, [
      mapper('AuthnContextClassRef', 'saml-authn-context-class-ref-mapper', {}),
    ]),
    builtIn('profile', [
      mapper('full name', 'oidc-full-name-mapper', { ...inTokens, 'userinfo.token.claim': 'true' }),
      attribute('family name', 'lastName', 'family_name'),
      attribute('given name', 'firstName', 'given_name'),
      attribute('middle name', 'middleName', 'middle_name'),
      attribute('nickname', 'nickname', 'nickname'),
      attribute('username', 'username', 'preferred_username'),
      attribute('profile', 'profile', 'profile'),
      attribute('picture', 'picture', 'picture'),
      attribute('website', 'website', 'website'),
      attribute('gender', 'gender', 'gender'),
      attribute('birthdate', 'birthdate', 'birthdate'),
      attribute('zoneinfo', 'zoneinfo', 'zoneinfo'),
      attribute('locale', 'locale', 'locale'),
      attribute('updated at', 'updatedAt', 'updated_at', 'long'),
    ]),
    builtIn('email', [
      attribute('email', 'email', 'email'),
      {
        ...attribute('email verified', 'emailVerified', 'email_verified', 'boolean'),
        protocolMapper: 'oidc-usermodel-property-mapper',
      },
    ]),
    builtIn('address', [
      mapper('address', 'oidc-address-mapper', {
        ...inTokens,
        'userinfo.token.claim': 'true',
        'user.attribute.formatted': 'formatted',
        'user.attribute.street': 'street',
        'user.attribute.locality': 'locality',
        'user.attribute.region': 'region',
        'user.attribute.postal_code': 'postal_code',
        'user.attribute.country': 'country',
      }),
    ]),
    builtIn('phone', [
      attribute('phone number', 'phoneNumber', 'phone_number'),
      attribute('phone number verified', 'phoneNumberVerified', 'phone_number_verified', 'boolean'),
    ]),
    scope(
      'roles',
      'OpenID Connect scope for add user roles to the access token',
      { ...unlisted, ...shown, 'consent.screen.text': `\${rolesScopeConsentText}` },
      [
        roles('realm roles', 'oidc-usermodel-realm-role-mapper', 'realm_access.roles', inAccessToken),
        roles(
          'client roles',
          'oidc-usermodel-client-role-mapper',
          `resource_access.\${client_id}.roles`,
          inAccessToken,
        ),
        mapper('audience resolve', 'oidc-audience-resolve-mapper', inAccessToken),
      ],
    ),
    scope(
      'web-origins',
      'OpenID Connect scope for add allowed web origins to the access token',
      { ...unlisted, ...hidden, 'consent.screen.text': '' },
      [mapper('allowed web origins', 'oidc-allowed-origins-mapper', inAccessToken)],
    ),
    scope('microprofile-jwt', 'Microprofile - JWT built-in scope', { ...listed, ...hidden }, [
      attribute('upn', 'username', 'upn'),
      roles('groups', 'oidc-usermodel-realm-role-mapper', 'groups', inTokens),
    ]),
    scope(
      'acr',
      'OpenID Connect scope for add acr (authentication context class reference) to the token',
      { ...unlisted, ...hidden },
      [mapper('acr loa level', 'oidc-acr-mapper', inTokens)],
    ),
    scope('basic', 'OpenID Connect scope for add all basic claims to the token', { ...unlisted, ...hidden }, [
      note('auth_time', 'AUTH_TIME', 'auth_time', 'long'),
      mapper('sub', 'oidc-sub-mapper', inAccessToken),
    ]),
    scope(
      'service_account',
      'Specific scope for a client enabled for service accounts',
      { ...unlisted, ...hidden },
      [
        note('Client ID', 'client_id', 'client_id'),
        note('Client Host', 'clientHost', 'clientHost'),
        note('Client IP Address', 'clientAddress', 'clientAddress'),
      ],
    ),
    scope(
      'organization',
      'Additional claims about the organization a subject belongs to',
      { ...listed, ...shown, 'consent.screen.text': `\${organizationScopeConsentText}` },
      [
        mapper('organization', 'oidc-organization-membership-mapper', {
          ...inTokens,
          multivalued: 'true',
          'claim.name': 'organization',
          'jsonType.label': 'String',
        }),
      ],
    ),
  ]
}

/** Default scopes of a new client, in Keycloak's order. */
export const defaultDefault: readonly string[] = [
  'role_list',
  'saml_organization',
  'AuthnContextClassRef',
  'profile',
  'email',
  'roles',
  'web-origins',
  'acr',
  'basic',
]
/** Optional scopes of a new client. */
export const defaultOptional: readonly string[] = [
  'offline_access',
  'address',
  'phone',
  'microprofile-jwt',
  'organization',
]

const listed = { 'include.in.token.scope': 'true' }
const unlisted = { 'include.in.token.scope': 'false' }
const shown = { 'display.on.consent.screen': 'true' }
const hidden = { 'display.on.consent.screen': 'false' }
const inAccessToken = { 'introspection.token.claim': 'true', 'access.token.claim': 'true' }
const inTokens = { 'id.token.claim': 'true', ...inAccessToken }

function scope(
  name: string,
  description: string,
  attributes: Record<string, string>,
  protocolMappers?: ProtocolMapper[],
): ClientScope {
  const base = {
    id: randomUUID(),
    name,
    description,
    protocol: 'openid-connect',
    attributes,
    scopeMappings: [],
  }
  return protocolMappers === undefined ? base : { ...base, protocolMappers }
}

function builtIn(name: string, protocolMappers: ProtocolMapper[]): ClientScope {
  const attributes = { ...listed, ...shown, 'consent.screen.text': `\${${name}ScopeConsentText}` }
  return scope(name, `OpenID Connect built-in scope: ${name}`, attributes, protocolMappers)
}

function saml(
  name: string,
  description: string,
  attributes: Record<string, string>,
  mappers: ProtocolMapper[],
): ClientScope {
  const protocolMappers = mappers.map((each) => ({ ...each, protocol: 'saml' }))
  return { ...scope(name, description, attributes, protocolMappers), protocol: 'saml' }
}

function mapper(name: string, protocolMapper: string, config: Record<string, string>): ProtocolMapper {
  return {
    id: randomUUID(),
    name,
    protocol: 'openid-connect',
    protocolMapper,
    consentRequired: false,
    config,
  }
}

function attribute(name: string, from: string, claim: string, type = 'String'): ProtocolMapper {
  return mapper(name, 'oidc-usermodel-attribute-mapper', {
    'introspection.token.claim': 'true',
    'userinfo.token.claim': 'true',
    'user.attribute': from,
    'id.token.claim': 'true',
    'access.token.claim': 'true',
    'claim.name': claim,
    'jsonType.label': type,
  })
}

function roles(name: string, kind: string, claim: string, where: Record<string, string>): ProtocolMapper {
  return mapper(name, kind, {
    ...where,
    multivalued: 'true',
    'user.attribute': 'foo',
    'claim.name': claim,
    'jsonType.label': 'String',
  })
}

function note(name: string, from: string, claim: string, type = 'String'): ProtocolMapper {
  return mapper(name, 'oidc-usersessionmodel-note-mapper', {
    'user.session.note': from,
    ...inTokens,
    'claim.name': claim,
    'jsonType.label': type,
  })
}
