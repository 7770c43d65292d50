import { type Admin, all, findGroup, items, toGroupPath } from '@cloakwright/admin'
import type { CloakwrightError } from 'cloakwright'
import { notFound } from './not-found.ts'

type Client = Admin['client']
type User = NonNullable<Awaited<ReturnType<Client['users']['findOne']>>>
type Group = Awaited<ReturnType<Client['groups']['find']>>[number]

/** Lists all groups, parents first, with their paths. A slash in a name is written `~/`. */
export async function* allGroups(admin: Admin): AsyncGenerator<Group, void, undefined> {
  const { client } = admin
  const named = (above: readonly string[], groups: readonly Group[]) =>
    groups.map((group) => ({ group, names: [...above, group.name ?? ''] }))
  const waiting = named([], await all((page) => client.groups.find(page)))
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { group, names } = next
    yield { ...group, path: toGroupPath(names) }
    const { id: parentId = '', subGroupCount = 0 } = group
    if (subGroupCount > 0) {
      const below = await all((page) => client.groups.listSubGroups({ parentId, ...page }))
      waiting.unshift(...named(names, below))
    }
  }
}

/**
 * Lists the direct members of a group.
 *
 * @throws {CW_ADMIN_NOT_FOUND}
 * @throws {CW_ADMIN_REFUSED} when two groups have this path: `/a/b` can also be a top-level group named `a/b`
 */
export async function* membersOf(admin: Admin, path: string): AsyncGenerator<User, void, undefined> {
  const isNamed = path.startsWith('/') || path.startsWith('id:')
  const group = isNamed ? await findGroup(admin, path) : undefined
  if (group === undefined) throw await noGroup(admin, path)
  const { id } = group
  yield* items((page) => admin.client.groups.listMembers({ id, ...page }))
}

async function noGroup(admin: Admin, path: string): Promise<CloakwrightError> {
  const similar: string[] = []
  const name = path.replace(/^\/+/, '').toLowerCase()
  for await (const group of allGroups(admin))
    if (group.path?.toLowerCase().endsWith(`/${name}`) === true) similar.push(group.path)
  return notFound(
    `The realm ${admin.realm} has no group ${path}`,
    similar.length > 0
      ? `Give the exact path, with a slash at the beginning. Similar: ${similar.slice(0, 5).join(', ')}`
      : 'List the groups: cloakwright groups list',
  )
}
