import { type Admin, all, type GroupRepresentation } from '../client/index.ts'
import { pathOf } from '../lookup/index.ts'
import { giving, type Step, type Subject } from './steps.ts'

/** The requests that bring a user into groups, or out of them, where it is not so yet. */
export async function groupSteps(
  admin: Admin,
  user: Subject,
  wanted: readonly GroupRepresentation[],
  to: boolean,
): Promise<Step[]> {
  if (wanted.length === 0) return []
  const groups = user.id === '' ? [] : await groupsOf(admin, user.id)
  const held = new Set(groups.map((group) => group.id))
  return wanted.filter((group) => held.has(group.id) !== to).map((group) => groupStep(admin, user, group, to))
}

/** The groups that a user is in. */
export async function groupsOf({ client, realm }: Admin, id: string): Promise<GroupRepresentation[]> {
  return await all((page) => client.users.listGroups({ realm, id, ...page }))
}

/** The request that brings a user into a group, or out of it. */
export function groupStep(
  { client, realm }: Admin,
  user: Subject,
  group: GroupRepresentation,
  to: boolean,
): Step {
  const membership = { realm, id: user.id, groupId: group.id ?? '' }
  const path = pathOf(group)
  return {
    changes: [giving(user, [`groups${path}`], to)],
    ...(to ? { inverse: { leave: [path] } } : {}),
    run: () => (to ? client.users.addToGroup(membership) : client.users.delFromGroup(membership)),
  }
}
