import { constants, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CloakwrightError } from 'cloakwright'
import { fromPglite, type PgliteLike, type SqlClient } from 'cloakwright/state'
import { requireRoom, roomToWrite, toDiskError } from './disk.ts'
import { ReopeningPglite } from './reopening-pglite.ts'

/**
 * An embedded PostgreSQL (PGlite) and the {@link SqlClient} on it. When its disk is full, statements fail with `CW_DISK_FULL`;
 * once space is free it recovers by itself, without loss of acknowledged data.
 */
export interface EmbeddedDatabase {
  /** For the PGlite driver of an ORM. */
  readonly pglite: PgliteLike
  readonly sql: SqlClient
  /**
   * Resolves when the database can be read and written.
   *
   * @throws {CW_DISK_FULL} when its disk has less than 4 MB free
   * @throws {CW_STATE_UNAVAILABLE} when it is not available
   */
  check(): Promise<void>
  /** Writes everything to the folder and closes the database. A second call does nothing. */
  close(): Promise<void>
}

/** Created at build time by scripts/database-template.mjs; the same path from src/ and dist/. */
const template = fileURLToPath(new URL('../../template/', import.meta.url))

/**
 * Opens the database in `folder`, creating it from the template if it is missing. A statement is acknowledged when the
 * operating system has its log, so a kill of the process cannot lose it. The caller must hold the lock on the folder.
 *
 * @throws {CW_CONFIG_MISSING} when the template was not built
 * @throws {CW_CONFIG_INVALID} when the folder is from another PostgreSQL release
 * @throws {CW_DISK_FULL} when the disk is full
 */
export async function openDatabaseIn(folder: string): Promise<EmbeddedDatabase> {
  removeUnfinished(folder)
  const found = postgresRelease(folder)
  if (found === undefined) {
    await makeFromTemplate(folder)
  } else {
    const expected = postgresRelease(join(template, 'data'))
    if (expected !== undefined && found !== expected) {
      throw new CloakwrightError(
        'CW_CONFIG_INVALID',
        `the database in ${folder} is from PostgreSQL ${found}; the installed PGlite is PostgreSQL ${expected}`,
        {
          hint: 'Export the data with the older release, or move the folder away to start with an empty database',
        },
      )
    }
  }
  return open(folder)
}

/**
 * Opens a database in a new temporary folder, which is removed at close: for tests. A copied folder opens twice as fast as an
 * in-memory database and uses 80 MB less (measured).
 *
 * @throws {CW_CONFIG_MISSING} when the template was not built
 * @example
 * ```ts
 * import { openTemporaryDatabase } from '@cloakwright/devrealm/home'
 *
 * const database = await openTemporaryDatabase()
 * await database.sql.query('select 1')
 * await database.close()
 * ```
 */
export async function openTemporaryDatabase(): Promise<EmbeddedDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakwright-database-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  try {
    await copyTemplate(join(folder, 'database'))
    const database = await open(join(folder, 'database'))
    return {
      ...database,
      close: async () => {
        await database.close()
        remove()
        process.off('exit', remove)
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

async function open(folder: string): Promise<EmbeddedDatabase> {
  const pglite = await ReopeningPglite.open(folder)
  const sql: SqlClient = { ...fromPglite(pglite), listen: (...args) => pglite.listen(...args) }
  const stopTrimming = keepLogShort(sql)
  return {
    pglite,
    sql,
    check: async () => {
      await sql.query('select 1', [])
      requireRoom(folder, roomToWrite)
    },
    close: async () => {
      stopTrimming()
      await pglite.close()
    },
  }
}

/** Created under another name, so an existing folder is always complete. */
async function makeFromTemplate(folder: string): Promise<void> {
  const aside = mkdtempSync(`${folder}.new-`)
  try {
    await copyTemplate(join(aside, 'database'))
    renameSync(join(aside, 'database'), folder)
  } catch (error) {
    throw toDiskError(error, folder)
  } finally {
    rmSync(aside, { recursive: true })
  }
}

/** Bytes of log after which a checkpoint is due. */
const logLimit = 32 * 1024 * 1024

/**
 * PGlite has no checkpointer: without this, its log and the recovery time after a kill would grow as long as the process runs.
 */
function keepLogShort(sql: SqlClient): () => void {
  const check = async () => {
    const { rows } = await sql.query<{ due: boolean }>(
      'select pg_current_wal_lsn() - redo_lsn > $1 as due from pg_control_checkpoint()',
      [logLimit],
    )
    if (rows[0]?.due) await sql.query('checkpoint')
  }
  // If the database fails, the users' own queries report it; this is only housekeeping.
  const timer = setInterval(() => void check().catch(() => {}), 60_000).unref()
  return () => clearInterval(timer)
}

async function copyTemplate(target: string): Promise<void> {
  let folders: string[]
  try {
    folders = (JSON.parse(readFileSync(join(template, 'template.json'), 'utf8')) as { folders: string[] })
      .folders
  } catch (error) {
    throw new CloakwrightError(
      'CW_CONFIG_MISSING',
      `the template of the embedded database is missing: ${template}`,
      {
        hint: 'In a checkout, run `npm run build`. Otherwise reinstall @cloakwright/devrealm',
        cause: error,
      },
    )
  }
  await copyFolder(join(template, 'data'), target)
  for (const folder of folders) mkdirSync(join(target, folder), { recursive: true })
}

/** Copies many files in parallel while the program loads its modules: two to five times as fast as `cpSync` (measured). */
async function copyFolder(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o700 })
  const entries = await readdir(from, { withFileTypes: true })
  await Promise.all(
    entries.map(async (entry) => {
      const [source, target] = [join(from, entry.name), join(to, entry.name)]
      // If the file system supports it, copies share their blocks until they are written.
      if (entry.isDirectory()) await copyFolder(source, target)
      else await copyFile(source, target, constants.COPYFILE_FICLONE)
    }),
  )
}

/** Removes copies that were interrupted by a kill. */
function removeUnfinished(folder: string): void {
  for (const name of readdirSync(dirname(folder))) {
    if (name.startsWith(`${basename(folder)}.new-`)) rmSync(join(dirname(folder), name), { recursive: true })
  }
}

/** PostgreSQL major version of a data folder; undefined without a folder. */
function postgresRelease(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim()
  } catch {
    return undefined
  }
}
