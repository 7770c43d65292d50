import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CloakwrightError } from 'cloakwright'
import { type EmbeddedDatabase, openDatabaseIn } from './database.ts'
import { lockFolder } from './lock.ts'

/** A state folder that this process holds exclusively until it closes it or exits. */
export interface Home {
  /** Absolute path of the folder. */
  readonly folder: string
  /**
   * Opens the embedded PostgreSQL in `folder/database`, created from the template the first time. Every call returns the same
   * database; closing the home closes it.
   *
   * @throws {CW_CONFIG_MISSING} when the template was not built
   * @throws {CW_CONFIG_INVALID} when the folder is from another PostgreSQL release
   */
  openDatabase(): Promise<EmbeddedDatabase>
  /** Closes the database if it is open, and releases the folder. */
  close(): Promise<void>
}

/**
 * Opens a state folder exclusively for this process, and creates it if it is missing (mode 0700).
 *
 * The lock (`takeLock` of cloakwright/lock) is in the folder, so it also works across containers. It ends with the process,
 * even after `kill -9`: the next start gets the folder at once.
 *
 * @throws {CW_HOME_LOCKED} when another process uses the folder; the message names its host and pid
 * @throws {CW_CONFIG_INVALID} when the folder cannot be created or locked
 * @example
 * ```ts
 * import { openHome } from '@cloakwright/devrealm/home'
 *
 * const home = await openHome('.cloakwright')
 * const { sql } = await home.openDatabase()
 * await sql.query('select 1')
 * await home.close()
 * ```
 */
export async function openHome(folder: string): Promise<Home> {
  if (typeof folder !== 'string' || folder === '')
    throw new CloakwrightError('CW_CONFIG_MISSING', 'folder: is missing', {
      hint: "Call openHome('.cloakwright').",
    })
  const path = resolve(folder)
  makeFolder(path)
  const lock = await lockFolder(path)
  let database: Promise<EmbeddedDatabase> | undefined
  return {
    folder: path,
    openDatabase: () => {
      database ??= openDatabaseIn(join(path, 'database'))
      return database
    },
    close: async () => {
      try {
        // A failed opening was reported to its caller; the lock is released anyway.
        const opened = await database?.catch(() => undefined)
        await opened?.close()
      } finally {
        await lock.release()
      }
    },
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw new CloakwrightError('CW_CONFIG_INVALID', `could not create the state folder ${path} (${reason})`, {
      hint: 'Set CLOAKWRIGHT_HOME to a folder that this operating-system user can write to',
      cause: error,
    })
  }
}
