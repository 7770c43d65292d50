import { closeSync, fsyncSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { CloakwrightError } from 'cloakwright'

/** Maximum size of a secret file in bytes. A private key has about 3,000. */
const mostBytes = 64 * 1024

/**
 * Reads the secret in a file that a variable or option names.
 *
 * @throws {CW_CONFIG_INVALID} when the file is empty, too large or not readable
 */
export function readSecretFile(name: string, file: string): string {
  let text: string
  try {
    const found = statSync(file)
    // A pipe works too: --secret-file <(pass show realm).
    if (found.size > mostBytes) throw new Error(`more than ${mostBytes} bytes`)
    text = readFileSync(file, 'utf8').trim()
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
    throw new CloakwrightError('CW_CONFIG_INVALID', `${name}: could not read ${file} (${reason})`, {
      hint: 'Give a file that this process can read',
    })
  }
  if (text !== '') return text
  throw new CloakwrightError('CW_CONFIG_INVALID', `${name}: ${file} is empty`, {
    hint: 'Write the secret to the file as one line',
  })
}

/**
 * Writes a secret as one line to a new file that only its owner can read (mode 0600), and syncs it to disk.
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
    const what = code === 'EEXIST' ? `${path} exists already` : `could not write ${path} (${code})`
    throw new CloakwrightError('CW_CONFIG_INVALID', `${option}: ${what}`, {
      hint: 'Give the path of a new file in an existing folder',
      cause: error,
    })
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
