import { closeSync, fsyncSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { CloakwrightError } from 'cloakwright'

/** Bytes of a secret's file; a private key has about three thousand. */
const mostBytes = 64 * 1024

/**
 * The secret in the file that a variable or option names: one line.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function readSecretFile(name: string, file: string): string {
  let text: string
  try {
    const found = statSync(file)
    // A pipe is as good: --secret-file <(pass show realm).
    if (found.size > mostBytes) throw new Error(`more than ${mostBytes} bytes`)
    text = readFileSync(file, 'utf8').trim()
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
    throw new CloakwrightError(
      'CW_CONFIG_INVALID',
      `${name} names ${file}, which can't be read (${reason})`,
      {
        hint: 'Name a file that this process may read',
      },
    )
  }
  if (text !== '') return text
  throw new CloakwrightError('CW_CONFIG_INVALID', `${name} names ${file}, which is empty`, {
    hint: 'Write the secret into it as one line',
  })
}

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
