export { createRealmRoute } from './create-realm.ts'
export { partialImportRoute } from './partial-import.ts'
export { importRealm, readRealm } from './realm-import.ts'
