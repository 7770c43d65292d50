import type { Client, ClientScope, Group, Role, User, UserSession } from '../../model/index.ts'
import type { RealmStore } from '../../store/realm-store.ts'
import { isVisible, shownAttributes } from '../../user-profile/index.ts'
import type { Access } from '../request/access.ts'

/** RoleRepresentation; Keycloak leaves the attributes out where it is brief. */
export function roleOf(realm: RealmStore, role: Readonly<Role>, brief = true): Record<string, unknown> {
  return {
    id: role.id,
    name: role.name,
    ...given('description', role.description),
    composite: role.composites.length > 0,
    clientRole: role.clientId !== undefined,
    containerId: role.clientId ?? realm.info.id,
    ...(brief ? {} : { attributes: role.attributes }),
  }
}

/** UserRepresentation without `access`. */
export function userOf(realm: RealmStore, user: Readonly<User>, brief = false): Record<string, unknown> {
  const attributes = shownAttributes(realm, user)
  const seen = (name: 'username' | 'firstName' | 'lastName' | 'email'): string | undefined =>
    isVisible(realm, name) ? user[name] : undefined
  return {
    id: user.id,
    ...given('username', seen('username')),
    ...given('firstName', seen('firstName')),
    ...given('lastName', seen('lastName')),
    ...given('email', seen('email')),
    emailVerified: user.emailVerified,
    ...(Object.keys(attributes).length > 0 && !brief ? { attributes } : {}),
    enabled: user.enabled,
    createdTimestamp: user.createdTimestamp,
    ...(brief
      ? {}
      : {
          totp: user.credentials.some((credential) => credential.type === 'otp'),
          disableableCredentialTypes: user.credentials.some((credential) => credential.type === 'otp')
            ? ['otp']
            : [],
          requiredActions: user.requiredActions,
          notBefore: user.notBefore,
        }),
  }
}

/** What the caller may do with a user, as shown with the user alone. */
export function accessOfUser(access: Access): Record<string, boolean> {
  const manage = access.has('manage-users')
  return {
    manageGroupMembership: manage,
    resetPassword: manage,
    view: true,
    mapRoles: manage,
    impersonate: access.has('impersonation'),
    manage,
  }
}

/** GroupRepresentation. `access` is shown wherever the caller administers groups, not in a user's groups. */
export function groupOf(
  realm: RealmStore,
  group: Readonly<Group>,
  shown: {
    brief?: boolean
    count?: boolean
    access?: Access
    subGroups?: Record<string, unknown>[]
  },
): Record<string, unknown> {
  const roles = group.roles.map((id) => realm.roles.get(id)).filter((role) => role !== undefined)
  const manage = shown.access?.has('manage-users') ?? false
  return {
    id: group.id,
    name: group.name,
    ...given('description', group.description),
    path: realm.groupPath(group),
    ...given('parentId', group.parentId),
    ...(shown.count === true ? { subGroupCount: realm.groupsIn.all(group.id).length } : {}),
    subGroups: shown.subGroups ?? [],
    ...(shown.brief === true
      ? {}
      : {
          attributes: group.attributes,
          realmRoles: roles.filter((role) => role.clientId === undefined).map((role) => role.name),
          clientRoles: byClient(realm, roles, (role) => role.name),
        }),
    ...(shown.access === undefined
      ? {}
      : {
          access: {
            view: shown.access.has('view-users', 'manage-users'),
            viewMembers: shown.access.has('view-users', 'manage-users'),
            manageMembers: manage,
            manage,
            manageMembership: manage,
          },
        }),
  }
}

/** Groups client roles by their client's name. */
export function byClient<T>(
  realm: RealmStore,
  roles: readonly Readonly<Role>[],
  show: (role: Readonly<Role>) => T,
): Record<string, T[]> {
  // A client may be called `constructor`: hence no lookup in a plain object.
  const found = new Map<string, T[]>()
  for (const role of roles) {
    const client = role.clientId === undefined ? undefined : realm.clients.get(role.clientId)
    if (client !== undefined) found.set(client.clientId, [...(found.get(client.clientId) ?? []), show(role)])
  }
  return Object.fromEntries(found)
}

/** MappingsRepresentation: realm roles, and client roles by client. */
export function mappingsOf(realm: RealmStore, ids: readonly string[]): Record<string, unknown> {
  const roles = ids.map((id) => realm.roles.get(id)).filter((role) => role !== undefined)
  const realmRoles = roles.filter((role) => role.clientId === undefined).map((role) => roleOf(realm, role))
  const clientRoles = Object.entries(byClient(realm, roles, (role) => roleOf(realm, role)))
  return {
    ...(realmRoles.length > 0 ? { realmMappings: realmRoles } : {}),
    ...(clientRoles.length > 0
      ? {
          clientMappings: Object.fromEntries(
            clientRoles.map(([client, mappings]) => [
              client,
              { id: realm.clientByName.get(client)?.id, client, mappings },
            ]),
          ),
        }
      : {}),
  }
}

const clientMembers =
  `id clientId name description type rootUrl adminUrl baseUrl surrogateAuthRequired enabled alwaysDisplayInConsole
  clientAuthenticatorType secret redirectUris webOrigins notBefore bearerOnly consentRequired standardFlowEnabled implicitFlowEnabled
  directAccessGrantsEnabled serviceAccountsEnabled authorizationServicesEnabled publicClient frontchannelLogout protocol attributes
  authenticationFlowBindingOverrides fullScopeAllowed nodeReRegistrationTimeout registeredNodes protocolMappers defaultClientScopes
  optionalClientScopes`.split(/\s+/)

/** ClientRepresentation. The realm's own management client can be configured by nobody. */
export function clientOf(client: Readonly<Client>, access: Access): Record<string, unknown> {
  const shown: Record<string, unknown> = {}
  for (const member of clientMembers) {
    const value = client[member]
    const isEmpty =
      (member === 'protocolMappers' && client.protocolMappers?.length === 0) ||
      (member === 'authorizationServicesEnabled' && value !== true)
    if (value !== undefined && !isEmpty && !(member === 'secret' && client.publicClient))
      shown[member] = value
  }
  const manage = access.has('manage-clients') && client.clientId !== 'realm-management'
  return { ...shown, access: { view: true, configure: manage, manage } }
}

/** ClientScopeRepresentation. */
export function scopeOf(scope: Readonly<ClientScope>): Record<string, unknown> {
  return {
    id: scope.id,
    name: scope.name,
    ...given('description', scope.description),
    protocol: scope.protocol,
    attributes: scope.attributes,
    ...(scope.protocolMappers?.length ? { protocolMappers: scope.protocolMappers } : {}),
  }
}

/** UserSessionRepresentation, with times in milliseconds. */
export function sessionOf(realm: RealmStore, session: Readonly<UserSession>): Record<string, unknown> {
  const clients = Object.keys(session.clients).map((id) => [id, realm.clients.get(id)?.clientId])
  return {
    id: session.id,
    username: realm.users.get(session.userId)?.username,
    userId: session.userId,
    ipAddress: session.ipAddress,
    start: session.start * 1000,
    lastAccess: session.lastAccess * 1000,
    rememberMe: session.rememberMe,
    clients: Object.fromEntries(clients) as Record<string, string>,
    transientUser: false,
  }
}

function given<T>(member: string, value: T | undefined): Record<string, T> {
  return value === undefined ? {} : { [member]: value }
}
