/**
 * An embedded realm with Keycloak's OpenID Connect endpoints and Admin REST API: no Java, no Docker.
 *
 * @packageDocumentation
 */
export { createDevRealm, type DevRealm, type DevRealmOptions } from './dev-realm.ts'
export type { ImportedRealm, ImportOptions, ImportStrategy, RealmContentCount } from './import.ts'
export { migrations } from './store/index.ts'
