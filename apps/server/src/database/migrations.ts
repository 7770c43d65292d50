import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Migration } from 'cloakwright/state'

/** Written by drizzle-kit; the same path from src/ and from dist/. */
const folder = fileURLToPath(new URL('../../migrations/', import.meta.url))

interface Journal {
  readonly entries: readonly { readonly tag: string }[]
}

/** The application's own migrations, in the order of drizzle-kit's journal. */
export async function readAppMigrations(): Promise<Migration[]> {
  const journal = JSON.parse(await readFile(join(folder, 'meta', '_journal.json'), 'utf8')) as Journal
  return Promise.all(
    journal.entries.map(async ({ tag }) => ({
      id: tag,
      sql: await readFile(join(folder, `${tag}.sql`), 'utf8'),
    })),
  )
}
