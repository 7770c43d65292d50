import { CloakwrightError } from 'cloakwright'
import type { Admin } from '../admin.ts'
import type { Change } from '../changes.ts'
import { roleFields } from '../realm/lookup.ts'
import type { RoleMappingPayload, UserRepresentation } from '../representations.ts'
import type { Inverse, JournalRow } from './journal-records.ts'
import type { Pace } from './pace.ts'
import type { RealmFacts } from './realm-facts.ts'

/** Takes back what a job did to one user, who is as `found`; undefined: the user is gone by now. */
export async function takeBack(
  admin: Admin,
  facts: RealmFacts,
  pace: Pace,
  { id, name, inverse }: JournalRow,
  found: UserRepresentation,
): Promise<Change | undefined> {
  const { client, realm } = admin
  const change = { kind: 'user', realm, id, name } as const
  try {
    if (inverse === undefined) {
      await pace.send(() => client.users.del({ realm, id }))
      return { ...change, action: 'delete', fields: [], before: { ...found } }
    }
    const fields = await setBack(admin, facts, pace, id, inverse)
    return { ...change, action: 'update', fields }
  } catch (error) {
    if (error instanceof CloakwrightError && error.code === 'CW_ADMIN_NOT_FOUND') return undefined
    throw error
  }
}

/** Answers the fields that it changed. */
async function setBack(
  { client, realm }: Admin,
  facts: RealmFacts,
  pace: Pace,
  id: string,
  { enabled, revoke = {}, leave = [] }: Inverse,
): Promise<string[]> {
  const { users } = client
  // Alone: with it neither attributes nor names are touched.
  if (enabled !== undefined) await pace.send(() => users.update({ realm, id }, { enabled }))
  const ofRealm = await known(revoke.realm, (role) => facts.role(role))
  if (ofRealm.length > 0) await pace.send(() => users.delRealmRoleMappings({ realm, id, roles: ofRealm }))
  for (const [clientId, names] of Object.entries(revoke.client ?? {})) {
    const clientUniqueId = await facts.clientUuid(clientId)
    const ofClient = await known(names, (role) => facts.role(role, clientId))
    if (clientUniqueId === undefined || ofClient.length === 0) continue
    await pace.send(() => users.delClientRoleMappings({ realm, id, clientUniqueId, roles: ofClient }))
  }
  for (const path of leave) {
    const groupId = await facts.journaledGroupId(path)
    if (groupId !== undefined) await pace.send(() => users.delFromGroup({ realm, id, groupId }))
  }
  return [
    ...(enabled === undefined ? [] : ['enabled']),
    ...roleFields('roles', revoke),
    ...leave.map((path) => `groups${path}`),
  ]
}

async function known(
  names: readonly string[] | undefined,
  find: (name: string) => Promise<RoleMappingPayload | undefined>,
): Promise<RoleMappingPayload[]> {
  const found = await Promise.all((names ?? []).map(find))
  return found.filter((role) => role !== undefined)
}
