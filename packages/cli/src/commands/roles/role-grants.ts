import {
  type Admin,
  type Change,
  grantRoles,
  grantRolesToGroup,
  type RoleNames,
  revokeRoles,
  revokeRolesFromGroup,
  type UserRef,
} from '@cloakwright/admin'
import { CloakwrightError } from 'cloakwright'
import { change, type WriteOptions } from '../../connection/index.ts'
import { exitCode, UsageError } from '../../exit.ts'
import { findClientId, findUser, namingRoles, userRef } from '../../lookup/index.ts'
import { note } from '../../terminal/index.ts'

interface Options extends WriteOptions {
  readonly client?: string
  readonly group?: string
}

/** `cloakwright roles grant`. */
export async function grant(first: string, rest: readonly string[], options: Options): Promise<void> {
  const { user, group, names } = meant(first, rest, options)
  await changeRoles(names, options, async (admin, roles) =>
    group === undefined
      ? await grantRoles(admin, await userRef(admin, user), roles)
      : await grantRolesToGroup(admin, group, roles),
  )
}

/**
 * `cloakwright roles revoke`. If the user keeps a role through a group or another role, the exit code is 3, or 1 if
 * nothing was revoked.
 */
export async function revoke(first: string, rest: readonly string[], options: Options): Promise<void> {
  const { user, group, names } = meant(first, rest, options)
  if (group !== undefined) {
    await changeRoles(names, options, (admin, roles) => revokeRolesFromGroup(admin, group, roles))
    return
  }
  let kept: readonly string[] = []
  await changeRoles(names, options, async (admin, roles) => {
    const ref = await userRef(admin, user)
    const changes = await revokeRoles(admin, ref, roles)
    // A dry run revokes nothing, so the user still has all of them.
    if (options.dryRun !== true) kept = await stillHeld(admin, ref, names, options)
    if (changes.length > 0 || kept.length === 0) return changes
    throw new CloakwrightError(
      'CW_ADMIN_REFUSED',
      `Nothing was revoked: ${user} has ${kept.join(', ')} through a group or another role`,
      { hint: sourceHint(kept, options) },
    )
  })
  if (kept.length === 0) return
  process.exitCode = exitCode.partly
  note(`${user} still has ${kept.join(', ')} through a group or another role`)
  note(sourceHint(kept, options))
}

function sourceHint([name]: readonly string[], { client }: Options): string {
  const of = client === undefined ? '' : ` --client ${client}`
  return `Find out which one: cloakwright roles members ${name}${of} --effective`
}

/** Splits the arguments into user and roles. With `--group`, all of them are roles. */
function meant(first: string, rest: readonly string[], { group }: Options) {
  if (group !== undefined) return { user: '', group, names: [first, ...rest] }
  if (rest.length > 0) return { user: first, group: undefined, names: rest }
  throw new UsageError('No roles were given', 'Give a user and the roles, or --group PATH and the roles')
}

async function changeRoles(
  names: readonly string[],
  options: Options,
  work: (admin: Admin, roles: RoleNames) => Promise<readonly Change[]>,
): Promise<void> {
  const { client } = options
  const roles = client === undefined ? { realm: names } : { client: { [client]: names } }
  await change(options, (admin) => namingRoles(admin, names, client, () => work(admin, roles)))
}

/** The roles that a user still has. */
async function stillHeld(
  admin: Admin,
  ref: UserRef,
  names: readonly string[],
  { client }: Options,
): Promise<readonly string[]> {
  const { users } = admin.client
  const id = typeof ref === 'string' ? ((await findUser(admin, ref)).id ?? '') : ref.id
  const clientUniqueId = client === undefined ? undefined : await findClientId(admin, client)
  const held =
    clientUniqueId === undefined
      ? await users.listCompositeRealmRoleMappings({ id })
      : await users.listCompositeClientRoleMappings({ id, clientUniqueId })
  return names.filter((name) => held.some((role) => role.name === name))
}
