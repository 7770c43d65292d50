import { CloakwrightError } from 'cloakwright'
import type { Change } from '../changes/index.ts'
import type { Admin, RoleMappingPayload, UserRepresentation } from '../client/index.ts'
import type { Inverse, Step } from '../edit/index.ts'
import { roleFields } from '../lookup/index.ts'
import type { JournalRow } from './journal/index.ts'
import type { Pace } from './pace.ts'
import type { RealmFacts } from './realm-facts.ts'

/** What a job changed that has this inverse: a role or group is `true` where the user has it. */
export function changedBy({
  enabled,
  revoke = {},
  leave = [],
}: Inverse): Required<Pick<Change, 'fields' | 'before' | 'after'>> {
  const given = [...roleFields('roles', revoke), ...leave.map((path) => `groups${path}`)]
  const before = new Map(given.map((field) => [field, false]))
  if (enabled !== undefined) before.set('enabled', enabled)
  return {
    fields: [...before.keys()],
    before: Object.fromEntries(before),
    after: Object.fromEntries([...before].map(([field, value]) => [field, !value])),
  }
}

/**
 * The step that undoes what a job did to one user, who is as `found`; of one who is gone by then, there is nothing to undo.
 *
 * @param onGone Called for such a user.
 */
export function takingBack(
  facts: RealmFacts,
  pace: Pace,
  { id, name, inverse }: JournalRow,
  found: UserRepresentation,
  onGone: () => void,
): Step {
  const change = { ...changeBack(inverse, found), kind: 'user', id, name } as const
  let isGone = false
  return {
    changes: [change],
    async run({ client, realm }) {
      try {
        if (inverse === undefined) await pace.send(() => client.users.del({ realm, id }))
        else await setBack({ client, realm }, facts, pace, id, inverse)
      } catch (error) {
        if (!(error instanceof CloakwrightError) || error.code !== 'CW_ADMIN_NOT_FOUND') throw error
        isGone = true
        onGone()
      }
    },
    made: () => (isGone ? [] : [change]),
  }
}

function changeBack(
  inverse: Inverse | undefined,
  found: UserRepresentation,
): Pick<Change, 'action' | 'fields' | 'before' | 'after'> {
  if (inverse === undefined) return { action: 'delete', fields: [], before: { ...found } }
  const { fields, before, after } = changedBy(inverse)
  return { action: 'update', fields, before: after, after: before }
}

async function setBack(
  { client, realm }: Pick<Admin, 'client' | 'realm'>,
  facts: RealmFacts,
  pace: Pace,
  id: string,
  { enabled, revoke = {}, leave = [] }: Inverse,
): Promise<void> {
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
}

async function known(
  names: readonly string[] | undefined,
  find: (name: string) => Promise<RoleMappingPayload | undefined>,
): Promise<RoleMappingPayload[]> {
  const found = await Promise.all((names ?? []).map(find))
  return found.filter((role) => role !== undefined)
}
