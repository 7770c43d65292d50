export type { Database } from './database.ts'
export { Notes, type Reach } from './notes.ts'
export { Users } from './users.ts'
