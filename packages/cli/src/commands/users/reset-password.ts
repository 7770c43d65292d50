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
    throw new UsageError('--out needs --generate', 'Add --generate, or omit --out')
  }
  if (generate && out === undefined && !process.stderr.isTTY) {
    throw new UsageError(
      'A generated password is shown only on a terminal, and standard error is not one',
      'Write it to a new file that only you can read: --out FILE',
    )
  }
  await change(options, async (admin) => {
    const { id = '', username = id } = await findUser(admin, user)
    const set = (password: string): Promise<readonly Change[]> =>
      resetPassword(admin, { id }, password, { temporary: options.temporary === true })
    const changes = await setAsAsked(admin, username, options, set)
    // After the password is shown or stored: it is valid even if this fails.
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
  // A dry run sets no password, so it needs none.
  if (options.dryRun === true) return await set('a password that is not sent')
  if (options.generate !== true) {
    return await set((await readPassword({ ...options, password: true }, username)) ?? '')
  }
  const password = generatePassword(await policyOf(admin))
  await admin.recorder?.check?.()
  const { out } = options
  // The file comes first: a password that is set but can't be written would be lost.
  if (out !== undefined) writeSecretFile('--out', out, password)
  const show = (): void => {
    if (out === undefined) {
      process.stderr.write(`Password of ${escaped(username)}, shown only once: ${password}\n`)
    }
  }
  try {
    const changes = await set(password)
    show()
    return changes
  } catch (error) {
    if (!isUnset(error)) {
      note(`The password may be set already: it ${out === undefined ? 'is below' : `is kept in ${out}`}`)
      show()
    } else if (out !== undefined) rmSync(out, { force: true })
    throw error
  }
}

/** Whether Keycloak certainly did not set the password. Otherwise it must not be lost. */
function isUnset(error: unknown): boolean {
  const codes = ['CW_ADMIN_REFUSED', 'CW_ADMIN_FORBIDDEN', 'CW_ADMIN_NOT_FOUND', 'CW_ADMIN_UNAUTHORIZED']
  return error instanceof CloakwrightError && codes.includes(error.code)
}

/** The password policy; undefined without the right to read the realm's settings. */
async function policyOf({ client, realm }: Admin): Promise<string | undefined> {
  return (await client.realms.findOne({ realm }))?.passwordPolicy
}
