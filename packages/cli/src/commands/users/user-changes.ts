import {
  type Admin,
  type Change,
  deleteUser,
  disableUser,
  enableUser,
  ensureUser,
  findUser as findOne,
  requireMfa,
  resetPassword,
  sendActions,
  updateUser,
  type WantedUser,
} from '@cloakwright/admin'
import { change, sure, type WriteOptions } from '../../connection/index.ts'
import { UsageError } from '../../exit.ts'
import { findUser, userRef } from '../../lookup/index.ts'
import { type RoleOptions, toAttributes, toRoleNames } from '../../options/index.ts'
import type { JobOptions } from './file-job.ts'
import { type PasswordOptions, readPassword } from './password-input.ts'
import { disableAll } from './user-jobs.ts'

interface CreateOptions extends WriteOptions, RoleOptions, PasswordOptions {
  readonly email?: string
  readonly emailVerified?: true
  readonly firstName?: string
  readonly lastName?: string
  readonly attribute?: readonly string[]
  readonly group?: readonly string[]
  readonly requiredAction?: readonly string[]
  readonly disabled?: true
  readonly temporary?: true
  readonly update?: true
}

/** `cloakwright users create`. */
export async function create(username: string, options: CreateOptions): Promise<void> {
  const { email, emailVerified, firstName, lastName, group, requiredAction, disabled, temporary } = options
  if (temporary === true && options.password !== true && options.passwordFile === undefined) {
    throw new UsageError('--temporary needs a password', 'Add --password or --password-file FILE')
  }
  const attributes = toAttributes(options.attribute)
  const roles = toRoleNames(options)
  const password = await readPassword(options, username)
  const user = {
    username,
    ...(email === undefined ? {} : { email }),
    ...(emailVerified === undefined ? {} : { emailVerified }),
    ...(firstName === undefined ? {} : { firstName }),
    ...(lastName === undefined ? {} : { lastName }),
    ...(disabled === undefined ? {} : { enabled: false }),
    ...(attributes === undefined ? {} : { attributes }),
    ...(requiredAction === undefined ? {} : { requiredActions: requiredAction }),
    ...(group === undefined ? {} : { groups: group }),
    ...(roles === undefined ? {} : { roles }),
    ...(password === undefined ? {} : { password, temporaryPassword: temporary === true }),
  }
  const task = options.update === true ? createOrUpdate : createNew
  await change(options, (admin) => task(admin, user))
}

async function createNew(admin: Admin, user: WantedUser): Promise<readonly Change[]> {
  return (await ensureUser(admin, user, { existing: 'refuse' })).changes
}

/** Also changes password and required actions of an existing user, which ensureUser leaves unchanged. */
async function createOrUpdate(admin: Admin, user: WantedUser): Promise<readonly Change[]> {
  if ((await findOne(admin, user.username)) === undefined) return (await ensureUser(admin, user)).changes
  const { password, temporaryPassword = false, requiredActions = [], ...rest } = user
  const { id, changes } = await ensureUser(admin, rest)
  const all = [...changes]
  if (password !== undefined)
    all.push(...(await resetPassword(admin, { id }, password, { temporary: temporaryPassword })))
  // A temporary password adds this action itself.
  const asked = requiredActions.filter((action) => !temporaryPassword || action !== 'UPDATE_PASSWORD')
  if (asked.length === 0) return all
  const added = await updateUser(admin, { id }, (current) => ({
    requiredActions: [...new Set([...(current.requiredActions ?? []), ...asked])],
  }))
  return [...all, ...added]
}

/** `cloakwright users disable`. */
export async function disable(
  user: string | undefined,
  options: JobOptions & { readonly file?: string },
): Promise<void> {
  const { file } = options
  if (user !== undefined && file === undefined) {
    await change(options, async (admin) => disableUser(admin, await userRef(admin, user)))
  } else if (user === undefined && file !== undefined) await disableAll(file, options)
  else throw new UsageError('Expected a user or --file FILE', 'Give exactly one of them')
}

/** `cloakwright users enable`. */
export async function enable(user: string, options: WriteOptions): Promise<void> {
  await change(options, async (admin) => enableUser(admin, await userRef(admin, user)))
}

/** `cloakwright users delete`. */
export async function destroy(user: string, options: WriteOptions): Promise<void> {
  await change(options, async (admin) => {
    const found = await findUser(admin, user)
    await sure(admin, `Delete the user ${found.username}?`, options)
    return await deleteUser(admin, { id: found.id ?? '' })
  })
}

/** `cloakwright users require-mfa`. */
export async function mfa(user: string, options: WriteOptions): Promise<void> {
  await change(options, async (admin) => requireMfa(admin, await userRef(admin, user)), {
    unchanged: 'Nothing to change: the user has a second factor, or must set one up already',
  })
}

interface SendOptions extends WriteOptions {
  readonly client?: string
  readonly redirectUri?: string
  readonly lifespan?: number
}

/** `cloakwright users send-actions`. */
export async function send(user: string, actions: readonly string[], options: SendOptions): Promise<void> {
  const { client, redirectUri, lifespan } = options
  const link = {
    ...(client === undefined ? {} : { clientId: client }),
    ...(redirectUri === undefined ? {} : { redirectUri }),
    ...(lifespan === undefined ? {} : { lifespan }),
  }
  await change(options, async (admin) => sendActions(admin, await userRef(admin, user), actions, link))
}
