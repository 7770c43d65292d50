export { newClient } from './clients.ts'
export { createRealm, masterName, removeRealm } from './new-realm.ts'
export { realmSettings } from './realm-settings.ts'
