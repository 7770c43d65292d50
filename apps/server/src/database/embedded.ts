import type { Home } from '@cloakwright/devrealm/home'
import { drizzle, type PgliteClient } from 'drizzle-orm/pglite'
import type { Database } from './database.ts'
import * as schema from './schema.ts'

/** Opens the PGlite of the state folder, whose lock the caller holds. */
export async function openEmbeddedDatabase(home: Home): Promise<Database> {
  const database = await home.openDatabase()
  return {
    orm: drizzle({ client: database.pglite as PgliteClient, schema }) as unknown as Database['orm'],
    sql: database.sql,
    check: () => database.check(),
    close: () => database.close(),
  }
}
