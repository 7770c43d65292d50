import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { CloakwrightError } from 'cloakwright'

/**
 * Writes a secret as one line into a new file that only its owner may read (mode 0600), before anything depends on it.
 *
 * @throws {CW_CONFIG_INVALID} when the file exists or can't be written
 */
export function writeSecretFile(option: string, path: string, secret: string): void {
  let file: number | undefined
  try {
    file = openSync(path, 'wx', 0o600)
    writeSync(file, `${secret}\n`)
    fsyncSync(file)
  } catch (error) {
    if (file !== undefined) rmSync(path, { force: true })
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'EEXIST' ? 'exists already' : `can't be written (${code})`
    throw new CloakwrightError('CW_CONFIG_INVALID', `${option} names ${path}, which ${why}`, {
      hint: 'Give the path of a file that does not exist yet, in a folder that does',
      cause: error,
    })
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
