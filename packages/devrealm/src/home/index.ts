/**
 * The state folder of the embedded parts (`CLOAKWRIGHT_HOME`): one process at a time uses it. It contains the embedded database
 * and the generated secrets.
 */
export type { EmbeddedDatabase } from './database.ts'
export { openTemporaryDatabase } from './database.ts'
export type { Home } from './home.ts'
export { openHome } from './home.ts'
export { keptSecret } from './secrets.ts'
