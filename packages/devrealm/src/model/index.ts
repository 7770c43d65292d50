/**
 * The entities of a realm. Each has the shape of Keycloak's Admin API representation if there is one; references are ids.
 * Documents are replaced, never changed in place: `put({ ...user, enabled: false })`.
 */
export { valuesIn } from './attribute-values.ts'
export type { Client, ClientScope, ProtocolMapper } from './clients.ts'
export type { KeyProviderId, RealmKey } from './keys.ts'
export type { Realm, RealmSettings, RequiredAction } from './realm.ts'
export type { ClientSession, RevokedToken, UserSession } from './sessions.ts'
export type { Attributes, Credential, Group, Role, User } from './users.ts'
