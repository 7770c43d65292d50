import { rmSync } from 'node:fs'
import { type Admin, type Change, endSessions, resetPassword } from '@cloakwright/admin'
import { CloakwrightError } from 'cloakwright'
import { change, type WriteOptions } from '../../connection/index.ts'
import { writeSecretFile } from '../../environment/index.ts'
import { UsageError } from '../../exit.ts'
import { findUser } from '../../lookup/index.ts'
import { escaped, note } from '../../terminal/index.ts'
import { generatePassword } from './generated-password.ts'
import { type PasswordOptions, readPassword } from './password-input.ts'

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
  await change(options, async (admin) => {
    const { id = '', username = id } = await findUser(admin, user)
    const set = (password: string): Promise<readonly Change[]> =>
      resetPassword(admin, { id }, password, { temporary: options.temporary === true })
    const changes = await setAsAsked(admin, username, options, set)
    // After the password is where it stays: it holds whether sessions end or not.
    const ended = options.endSessions === true ? await endSessions(admin, { id }) : []
    return [...changes, ...ended]
  })
}

async function setAsAsked(
  admin: Admin,
  username: string,
  options: ResetOptions,
  set: (password: string) => Promise<readonly Change[]>,
): Promise<readonly Change[]> {
  // Nothing is set: there is nothing to ask for, or to keep.
  if (options.dryRun === true) return await set('a password that is not sent')
  if (options.generate !== true) {
    return await set((await readPassword({ ...options, password: true }, username)) ?? '')
  }
  const password = generatePassword(await policyOf(admin))
  await admin.recorder?.check?.()
  const { out } = options
  // The file first: a password that is set and then can't be written is lost.
  if (out !== undefined) writeSecretFile('--out', out, password)
  const show = (): void => {
    if (out === undefined) {
      process.stderr.write(`Password of ${escaped(username)}, shown this once: ${password}\n`)
    }
  }
  try {
    const changes = await set(password)
    show()
    return changes
  } catch (error) {
    if (!isUnset(error)) {
      note(`The password may have been set: it ${out === undefined ? 'follows' : `is kept in ${out}`}`)
      show()
    } else if (out !== undefined) rmSync(out, { force: true })
    throw error
  }
}

/** Whether Keycloak has surely not taken the password; else it may be the user's by now, and nobody else would know it. */
function isUnset(error: unknown): boolean {
  const codes = ['CW_ADMIN_REFUSED', 'CW_ADMIN_FORBIDDEN', 'CW_ADMIN_NOT_FOUND', 'CW_ADMIN_UNAUTHORIZED']
  return error instanceof CloakwrightError && codes.includes(error.code)
}

/** Undefined where this account may not see the realm's settings. */
async function policyOf({ client, realm }: Admin): Promise<string | undefined> {
  return (await client.realms.findOne({ realm }))?.passwordPolicy
}
