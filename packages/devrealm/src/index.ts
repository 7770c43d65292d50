/**
 * An embedded realm that speaks OpenID Connect and the Admin REST API as Keycloak does: no Java, no Docker.
 *
 * @packageDocumentation
 */
export { createDevRealm, type DevRealm, type DevRealmOptions } from './dev-realm.ts'
export type { ImportedRealm, ImportOptions, ImportStrategy, RealmContentCount } from './import.ts'
export { migrations } from './store/index.ts'
