import { type Client, type ProtocolMapper, type Role, type User, valuesIn } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import type { ClaimSet } from './claim-set.ts'
import { addRoleClaims, type RoleClaims } from './role-mappers.ts'
import { groupNames, toClaimValue, userAttribute } from './user-claims.ts'

/** The targets of claims; each mapper names its targets. */
export type ClaimTarget = 'access' | 'lightweight' | 'id' | 'userinfo' | 'introspection'

/** The input of a mapper. */
export interface MapperSource {
  readonly realm: RealmStore
  readonly client: Readonly<Client>
  readonly user: Readonly<User>
  /** The roles for the token. */
  readonly roles: readonly Readonly<Role>[]
  /** Notes of the user session and the client session. */
  readonly notes: Readonly<Record<string, string>>
  /** Authentication context class: `1` after a login, `0` if an earlier login was reused. */
  readonly acr: string
  readonly allowedOrigins: readonly string[]
}

/** Runs the protocol mappers of the target on the claims. */
export function applyMappers(
  mappers: readonly ProtocolMapper[],
  target: ClaimTarget,
  source: MapperSource,
  claims: ClaimSet,
): void {
  const roles = renamedRoles(mappers, source)
  for (const mapper of mappers) {
    if (mapper.protocol !== 'openid-connect' || !isMeantFor(mapper, target)) continue
    apply(mapper, source, roles, claims)
  }
}

function apply(mapper: ProtocolMapper, source: MapperSource, roles: RoleClaims, claims: ClaimSet): void {
  const { config } = mapper
  const { user, realm } = source
  const put = (value: unknown): void => {
    const claim = config['claim.name']
    const converted = toClaimValue(value, config)
    if (claim !== undefined && converted !== undefined) claims.set(claim, converted)
  }
  switch (mapper.protocolMapper) {
    case 'oidc-usermodel-attribute-mapper':
      return put(
        userAttribute(realm, user, config['user.attribute'] ?? '', config['aggregate.attrs'] === 'true'),
      )
    case 'oidc-usermodel-property-mapper':
      return put(userProperty(user, config['user.attribute'] ?? ''))
    case 'oidc-full-name-mapper': {
      const name = [user.firstName, user.lastName]
        .filter((part) => part !== undefined && part !== '')
        .join(' ')
      if (name !== '') claims.set('name', name)
      return
    }
    case 'oidc-sub-mapper':
      return claims.set('sub', user.id)
    case 'oidc-acr-mapper':
      return claims.set('acr', source.acr)
    case 'oidc-allowed-origins-mapper':
      if (source.allowedOrigins.length > 0) claims.set('allowed-origins', source.allowedOrigins)
      return
    case 'oidc-usersessionmodel-note-mapper':
      return put(source.notes[config['user.session.note'] ?? ''])
    case 'oidc-hardcoded-claim-mapper':
      return put(config['claim.value'])
    case 'oidc-group-membership-mapper': {
      const groups = groupNames(realm, user, config['full.path'] !== 'false')
      if (groups.length > 0) claims.set(config['claim.name'] ?? 'groups', groups)
      return
    }
    case 'oidc-audience-mapper': {
      const audience = config['included.client.audience'] || config['included.custom.audience']
      if (audience !== undefined && audience !== '') claims.addAudience(audience)
      return
    }
    case 'oidc-address-mapper':
      return putAddress(source, config, claims)
    case 'oidc-audience-resolve-mapper':
    case 'oidc-usermodel-realm-role-mapper':
    case 'oidc-usermodel-client-role-mapper':
      return addRoleClaims(mapper, source.client, roles, claims)
  }
}

/** Role and role name mappers change the roles themselves, before other mappers write them. */
function renamedRoles(mappers: readonly ProtocolMapper[], source: MapperSource): RoleClaims {
  const realmRoles = new Set<string>()
  const clientRoles = new Map<string, Set<string>>()
  const add = (name: string, client: string | undefined): void => {
    if (client === undefined) realmRoles.add(name)
    else clientRoles.set(client, (clientRoles.get(client) ?? new Set()).add(name))
  }
  for (const role of source.roles) {
    add(
      role.name,
      role.clientId === undefined ? undefined : source.realm.clients.get(role.clientId)?.clientId,
    )
  }
  for (const mapper of mappers) {
    const [name, client] = splitRole(mapper.config.role ?? '', source.realm)
    if (mapper.protocolMapper === 'oidc-hardcoded-role-mapper') add(name, client)
    if (mapper.protocolMapper === 'oidc-role-name-mapper') {
      const names = client === undefined ? realmRoles : clientRoles.get(client)
      if (names?.delete(name) !== true) continue
      const [newName, newClient] = splitRole(mapper.config['new.role.name'] ?? name, source.realm)
      add(newName, newClient ?? client)
    }
  }
  return { realmRoles, clientRoles }
}

/** `client.role` if that client exists, else a realm role. */
function splitRole(text: string, realm: RealmStore): [name: string, client: string | undefined] {
  for (let dot = text.lastIndexOf('.'); dot > 0; dot = text.lastIndexOf('.', dot - 1)) {
    const client = text.slice(0, dot)
    if (realm.clientByName.get(client) !== undefined) return [text.slice(dot + 1), client]
  }
  return [text, undefined]
}

function isMeantFor({ config }: ProtocolMapper, target: ClaimTarget): boolean {
  switch (target) {
    case 'access':
      return config['access.token.claim'] === 'true'
    case 'lightweight':
      return config['lightweight.claim'] === 'true'
    case 'id':
      return config['id.token.claim'] === 'true'
    case 'userinfo':
      return config['userinfo.token.claim'] === 'true'
    case 'introspection':
      return (config['introspection.token.claim'] ?? config['access.token.claim']) === 'true'
  }
}

function userProperty(user: Readonly<User>, name: string): string | undefined {
  switch (name) {
    case 'id':
    case 'username':
    case 'email':
    case 'firstName':
    case 'lastName':
      return user[name]
    case 'emailVerified':
    case 'enabled':
      return String(user[name])
    default:
      return undefined
  }
}

function putAddress({ user }: MapperSource, config: Record<string, string>, claims: ClaimSet): void {
  const members = {
    formatted: 'formatted',
    street_address: 'street',
    locality: 'locality',
    region: 'region',
    postal_code: 'postal_code',
    country: 'country',
  }
  const address: Record<string, string> = {}
  for (const [member, name] of Object.entries(members)) {
    const [value] = valuesIn(user.attributes, config[`user.attribute.${name}`] ?? name)
    if (value !== undefined) address[member] = value
  }
  if (Object.keys(address).length > 0) claims.set('address', address)
}
