/** The content of a new realm. In: a name and the settings that differ. Out: a realm in the store, as Keycloak creates it. */
export { newClient } from './clients.ts'
export { createRealm, masterName, removeRealm } from './new-realm.ts'
export { realmSettings } from './realm-settings.ts'
