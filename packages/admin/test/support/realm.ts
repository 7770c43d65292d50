import type { Admin, Change } from '@cloakwright/admin'
import type { Target } from './target.ts'

/** A realm of a test's own, and what its tasks recorded. */
export interface TaskRealm {
  readonly realm: string
  readonly admin: Admin
  /** What was recorded since this was asked last. */
  recorded(): readonly Change[]
}

/** A realm whose users may have any attribute, with the roles and groups that tasks are tried on. */
export async function openTaskRealm(target: Target): Promise<TaskRealm> {
  const realm = target.realmName()
  const seen: Change[] = []
  const recorder = { record: async (changes: readonly Change[]) => void seen.push(...changes) }
  const admin = target.admin({ realm, recorder, timeout: 15_000 })
  const { client } = admin
  await client.realms.create({ realm, enabled: true })
  await client.users.updateProfile({ ...(await client.users.getProfile()), ...anyAttribute })
  for (const name of ['admin', 'user', 'auditor']) await client.roles.create({ name })
  const { id } = await client.clients.create({ clientId: 'shop-api', secret: 'the-live-secret', ...direct })
  await client.clients.createRole({ id, name: 'editor' })
  const staff = await client.groups.create({ name: 'staff' })
  await client.groups.createChildGroup({ id: staff.id }, { name: 'editors' })
  await client.groups.create({ name: 'guests' })
  return { realm, admin, recorded: () => seen.splice(0) }
}

const anyAttribute = { unmanagedAttributePolicy: 'ENABLED' as never }
const direct = {
  publicClient: false,
  directAccessGrantsEnabled: true,
  redirectUris: ['https://shop.example/cb'],
}
