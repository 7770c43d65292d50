import { CloakwrightError } from 'cloakwright'
import { takeLock } from 'cloakwright/lock'

/** A folder held by this process. */
export interface FolderLock {
  release(): Promise<void>
}

/**
 * Holds an existing folder for this process alone: two processes on one PGlite folder corrupt it without a word.
 *
 * @throws {CW_HOME_LOCKED} when another process holds it
 * @throws {CW_CONFIG_INVALID} when it can't be locked
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const lock = await takeLock(folder).catch((cause: unknown) => {
    if (!(cause instanceof CloakwrightError)) throw cause
    const hint = `${cause.hint} Another folder: CLOAKWRIGHT_HOME=<folder>`
    throw new CloakwrightError(cause.code, cause.message, { hint, cause })
  })
  if (lock.held) return lock
  if (lock.own) {
    throw new CloakwrightError(
      'CW_HOME_LOCKED',
      `the state folder ${folder} is already open in this process`,
      { hint: 'Open it once and share the Home, or give the second one a folder of its own' },
    )
  }
  throw new CloakwrightError('CW_HOME_LOCKED', `the state folder ${folder} is held by ${lock.holder}`, {
    hint: `${lock.next}, or give this start a folder of its own: CLOAKWRIGHT_HOME=<another folder>`,
  })
}
