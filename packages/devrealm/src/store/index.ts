/**
 * All realms, in memory and in the database. In: documents to put, update and delete. Out: lookups by id and name, and one
 * commit per set of changes. All folders above use it.
 */
export type { AdminEvent } from './admin-event-log.ts'
export type { Changes } from './changes.ts'
export { deleteClient, deleteClientScope, deleteGroup, deleteRole, deleteUser } from './deletions.ts'
export { migrations } from './documents.ts'
export { WriteError } from './journal.ts'
export type { RealmStore } from './realm-store.ts'
export { Store } from './store.ts'
