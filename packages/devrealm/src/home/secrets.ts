import { randomUUID } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { CloakwrightError } from 'cloakwright'
import { toDiskError } from './disk.ts'

/**
 * Returns the secret in `folder/name`, created at the first call: one line, readable only by its owner (mode 0600). It is
 * written to another file and linked into place, so no reader sees a partial secret, and one of two concurrent writers wins.
 *
 * @throws {CW_CONFIG_INVALID} when the file is empty or has more than one line
 * @throws {CW_DISK_FULL} when the disk is full: no partial file remains
 * @example
 * ```ts
 * import { randomBytes } from 'node:crypto'
 * import { keptSecret } from '@cloakwright/devrealm/home'
 *
 * export const secret = keptSecret('.cloakwright', 'client-secret', () => randomBytes(32).toString('base64url'))
 * ```
 */
export function keptSecret(folder: string, name: string, make: () => string): string {
  const file = join(folder, name)
  const kept = read(file)
  if (kept !== undefined) return kept
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const aside = `${file}.${randomUUID()}`
  try {
    const descriptor = openSync(aside, 'wx', 0o600)
    try {
      writeFileSync(descriptor, `${make()}\n`)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    linkSync(aside, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw toDiskError(error, file)
  } finally {
    rmSync(aside, { force: true })
  }
  return read(file) as string
}

function read(file: string): string | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const secret = text.trim()
  if (secret === '' || /[\r\n]/.test(secret)) {
    const found = secret === '' ? 'is empty' : 'has more than one line'
    throw new CloakwrightError('CW_CONFIG_INVALID', `the secret file ${file} ${found}`, {
      hint: 'Write the secret as one line, or delete the file to generate a new secret',
    })
  }
  return secret
}
