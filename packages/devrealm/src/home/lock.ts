import { CloakwrightError } from 'cloakwright'
import { takeLock } from 'cloakwright/lock'

/** A folder held by this process. */
export interface FolderLock {
  release(): Promise<void>
}

/**
 * Locks an existing folder for this process: two processes on one PGlite folder corrupt it silently.
 *
 * @throws {CW_HOME_LOCKED} when another process uses it
 * @throws {CW_CONFIG_INVALID} when it can't be locked
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const lock = await takeLock(folder).catch((cause: unknown) => {
    if (!(cause instanceof CloakwrightError)) throw cause
    const hint = `${cause.hint} To use another folder, set CLOAKWRIGHT_HOME=<folder>`
    throw new CloakwrightError(cause.code, cause.message, { hint, cause })
  })
  if (lock.held) return lock
  if (lock.own) {
    throw new CloakwrightError(
      'CW_HOME_LOCKED',
      `the state folder ${folder} is already open in this process`,
      { hint: 'Call openHome once and share the result, or use another folder' },
    )
  }
  throw new CloakwrightError('CW_HOME_LOCKED', `the state folder ${folder} is in use by ${lock.holder}`, {
    hint: `${lock.next}. To use another folder, set CLOAKWRIGHT_HOME=<folder>`,
  })
}
