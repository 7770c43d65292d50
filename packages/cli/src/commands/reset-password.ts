import { rmSync } from 'node:fs'
import { type Admin, type Change, resetPassword } from '@cloakwright/admin'
import { CloakwrightError } from 'cloakwright'
import { UsageError } from '../exit.ts'
import { generatePassword } from '../generated-password.ts'
import { findUser } from '../lookup.ts'
import { note } from '../output.ts'
import { type PasswordOptions, readPassword } from '../secret-input.ts'
import { writeSecretFile } from '../secret-output.ts'
import { change, type WriteOptions } from '../writes.ts'

interface ResetOptions extends WriteOptions, Omit<PasswordOptions, 'password'> {
  readonly generate?: true
  readonly out?: string
  readonly temporary?: true
  readonly endSessions?: true
}

/** `cloakwright users reset-password`. */
export async function reset(user: string, options: ResetOptions): Promise<void> {
  const { out } = options
  const generate = options.generate === true
  if (out !== undefined && !generate) {
    throw new UsageError('--out is for a generated password', 'Add --generate, or leave --out out')
  }
  if (generate && out === undefined && !process.stderr.isTTY) {
    throw new UsageError(
      'A generated password is shown on a terminal only, and standard error is none: it may be a log',
      'Name a new file for it, readable by you alone: --out FILE',
    )
  }
  let shown: string | undefined
  await change(options, async (admin) => {
    const { id = '', username = id } = await findUser(admin, user)
    const set = (password: string): Promise<readonly Change[]> =>
      resetPassword(admin, { id }, password, {
        temporary: options.temporary === true,
        endSessions: options.endSessions === true,
      })
    // Nothing is set: there is nothing to ask for, or to keep.
    if (options.dryRun === true) return await set('a password that is not sent')
    if (!generate) return await set((await readPassword({ ...options, password: true }, username)) ?? '')
    const password = generatePassword(await policyOf(admin))
    if (out !== undefined) return await setFromFile(out, password, set)
    const changes = await set(password)
    shown = `Password of ${username}, shown this once: ${password}`
    return changes
  })
  if (shown !== undefined) process.stderr.write(`${shown}\n`)
}

/** The file first: a password that is set and then can't be written is lost. */
async function setFromFile(
  path: string,
  password: string,
  set: (password: string) => Promise<readonly Change[]>,
): Promise<readonly Change[]> {
  writeSecretFile('--out', path, password)
  try {
    return await set(password)
  } catch (error) {
    if (error instanceof CloakwrightError && error.code === 'CW_ADMIN_UNAVAILABLE') {
      note(`The password may have been set: it is kept in ${path}`)
    } else rmSync(path, { force: true })
    throw error
  }
}

/** Undefined where this account may not see the realm's settings. */
async function policyOf({ client, realm }: Admin): Promise<string | undefined> {
  return (await client.realms.findOne({ realm }))?.passwordPolicy
}
