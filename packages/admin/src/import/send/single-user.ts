import { CloakwrightError } from 'cloakwright'
import {
  type Admin,
  type RoleMappingPayload,
  refusalReason,
  type UserRepresentation,
} from '../../client/index.ts'
import { type End, isOwn, roleNames } from '../../jobs/index.ts'
import { findUserByName, usersById } from '../../lookup/index.ts'
import { type PlannedUser, toJournalRow } from '../planned-user.ts'
import type { Sending } from './sending.ts'

/** Why a row with an id of its own is not imported. */
export const foreignId = 'another user has the same id'
export const foreignEmail = 'another user has the same e-mail address'

/** Creates a user that a partial import does not take, by `POST users`: it succeeds, or says why not. */
export async function createSingly(sending: Sending, user: PlannedUser): Promise<End> {
  const { admin, pace } = sending
  const { client, realm } = admin
  const { line, id, name, representation } = user
  const there = (await pace.send(() => usersById(client, realm, [id]))).get(id)
  const row = toJournalRow(user)
  if (there?.username === name) return { line, outcome: isOwn(row, there) ? 'created' : 'present' }
  if (there !== undefined) return { line, outcome: 'rejected', reason: foreignId }
  if ((await findByName(sending, name)) !== undefined) return { line, outcome: 'existing' }

  await sending.beforeSingle(user)
  let made: { readonly id?: string }
  try {
    made = await pace.send(async () => {
      // An attempt whose response was lost has perhaps made it.
      const earlier = await findUserByName(admin, name)
      if (earlier !== undefined && isOwn(row, earlier)) return earlier
      return await client.users.create({ ...representation, realm })
    })
  } catch (error) {
    const refused = await refusal(sending, user, error)
    // Someone else may have created it since.
    return (await findByName(sending, name)) === undefined ? refused : { line, outcome: 'existing' }
  }
  return await completeSingly(sending, user, made.id ?? '')
}

/**
 * Has Keycloak check a user that a partial import made, by a change that changes nothing: where it refuses that, no
 * administrator could change the user, or disable it, and it is deleted again. `isEnabled` says whether the user is enabled
 * now: in an earlier run of the job it was made, and an administrator may have disabled it since.
 */
export async function proved(
  sending: Sending,
  user: PlannedUser,
  end: End,
  isEnabled: boolean = user.representation.enabled === true,
): Promise<End> {
  const { admin, pace } = sending
  const { client, realm } = admin
  const { id } = user
  try {
    await pace.send(() => client.users.update({ realm, id }, { enabled: isEnabled }))
    return end
  } catch (error) {
    const refused = await refusal(sending, user, error)
    await pace.send(() => client.users.del({ realm, id }))
    return refused
  }
}

/**
 * Gives a user that was created alone its roles, which `POST users` ignores. The user is there whatever becomes of
 * them, and counts as created, so that an undo finds it; roles that Keycloak refuses show in the reconciliation.
 */
export async function completeSingly(sending: Sending, user: PlannedUser, id: string): Promise<End> {
  try {
    await giveRoles(sending, user, id)
  } catch (error) {
    await refusal(sending, user, error)
  }
  return { line: user.line, outcome: 'created', id }
}

async function giveRoles(
  { admin, facts, pace }: Sending,
  { representation }: PlannedUser,
  id: string,
): Promise<void> {
  const { users } = admin.client
  const { realm } = admin
  const roles = roleNames(representation)
  const ofRealm = await known(roles.realm, (name) => facts.role(name))
  if (ofRealm.length > 0) await pace.send(() => users.addRealmRoleMappings({ realm, id, roles: ofRealm }))
  for (const [clientId, names] of Object.entries(roles.client ?? {})) {
    const clientUniqueId = (await facts.clientUuid(clientId)) ?? ''
    const ofClient = await known(names, (name) => facts.role(name, clientId))
    if (ofClient.length === 0) continue
    await pace.send(() => users.addClientRoleMappings({ realm, id, clientUniqueId, roles: ofClient }))
  }
}

export function findByName({ admin, pace }: Sending, name: string): Promise<UserRepresentation | undefined> {
  return pace.send(() => findUserByName(admin, name))
}

async function refusal({ admin, pace }: Sending, { line }: PlannedUser, error: unknown): Promise<End> {
  const codes = ['CW_ADMIN_CONFLICT', 'CW_ADMIN_REFUSED', 'CW_ADMIN_FAILED']
  if (!(error instanceof CloakwrightError) || !codes.includes(error.code)) throw error
  // A server whose database is gone answers 500 to everything: that is not the row's fault.
  if (error.code === 'CW_ADMIN_FAILED') await pace.send(() => countUsers(admin))
  const isForeignEmail = error.code === 'CW_ADMIN_CONFLICT' && error.message.endsWith('with same email')
  return { line, outcome: 'rejected', reason: isForeignEmail ? foreignEmail : refusalReason(error) }
}

function countUsers({ client, realm }: Admin): Promise<number> {
  return client.users.count({ realm })
}

async function known(
  names: readonly string[] | undefined,
  find: (name: string) => Promise<RoleMappingPayload | undefined>,
): Promise<RoleMappingPayload[]> {
  const found = await Promise.all((names ?? []).map(find))
  return found.filter((role) => role !== undefined)
}
