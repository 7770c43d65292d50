/**
 * What a realm is made of. Wherever Keycloak's Admin API has a representation, the entity is that representation;
 * references to other entities are their ids. Documents are replaced, never changed in place: `put({ ...user, enabled: false })`.
 */
export { valuesIn } from './attribute-values.ts'
export type { Client, ClientScope, ProtocolMapper } from './clients.ts'
export type { RealmKey } from './keys.ts'
export type { Realm, RealmSettings, RequiredAction } from './realm.ts'
export type { ClientSession, RevokedToken, UserSession } from './sessions.ts'
export type { Attributes, Credential, Group, Role, User } from './users.ts'
