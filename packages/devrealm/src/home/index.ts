/**
 * The state folder of the embedded parts (`CLOAKWRIGHT_HOME`): one process holds it at a time, and in it lie
 * the embedded database and the secrets that were made once.
 */
export type { EmbeddedDatabase } from './database.ts'
export { openTemporaryDatabase } from './database.ts'
export type { Home } from './home.ts'
export { openHome } from './home.ts'
export { keptSecret } from './secrets.ts'
