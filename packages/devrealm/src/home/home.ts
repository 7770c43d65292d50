import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CloakwrightError } from 'cloakwright'
import { type EmbeddedDatabase, openDatabaseIn } from './database.ts'
import { lockFolder } from './lock.ts'

/** A state folder that this process holds alone until it closes it or ends, however it ends. */
export interface Home {
  /** Absolute path of the folder. */
  readonly folder: string
  /**
   * Opens the embedded PostgreSQL in `folder/database`, which is made from the template at the first time. Every
   * call gives the same database; closing the home closes it.
   *
   * @throws {CW_CONFIG_MISSING} when the template was not built
   * @throws {CW_CONFIG_INVALID} when another PostgreSQL release made the folder
   */
  openDatabase(): Promise<EmbeddedDatabase>
  /** Closes the database, if it was opened, and lets go of the folder. */
  close(): Promise<void>
}

/**
 * Takes a state folder for this process alone and makes it when it is missing (mode 0700).
 *
 * The lock (`takeLock` of cloakwright/lock) is in the folder, so that it holds for other containers too. It ends with the
 * process, by `kill -9` too: the next start has the folder at once.
 *
 * @throws {CW_HOME_LOCKED} when another process holds the folder; the message names its host and pid
 * @throws {CW_CONFIG_INVALID} when the folder cannot be made or locked
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
        // An opening that failed was reported to whoever asked for it; the lock goes all the same.
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
