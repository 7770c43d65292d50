import type { Admin, GroupRepresentation, UserRepresentation } from '../client/index.ts'
import { items, type Page } from '../client/index.ts'
import { pathOf, toGroupPath } from '../lookup/index.ts'
import { inParallel } from './in-parallel.ts'
import { pagesByName } from './pages-by-name.ts'

/** Which memberships are read. */
export interface MembershipKinds {
  /** Default: true. */
  readonly groups: boolean
  /** Default: true. */
  readonly roles: boolean
}

/** As a user's representation has them. */
export type Memberships = Pick<UserRepresentation, 'groups' | 'realmRoles' | 'clientRoles'>

/** A group or a role of which users are members. */
interface Holder {
  readonly kind: 'group' | 'role'
  /** A group's path, in which a slash within a name is `~/`, or a role's name. */
  readonly name: string
  readonly clientId?: string
}

interface ReadableHolder extends Holder {
  members(page: Page): Promise<UserRepresentation[] | null | undefined>
}

/** The memberships of all users, by groups and roles: requests are proportional to their pages, not to users. */
export async function readMemberships(
  admin: Admin,
  kinds: MembershipKinds,
  signal?: AbortSignal,
): Promise<{ take(id: string): Memberships }> {
  const found = new Map<string, Holder[]>()
  await inParallel(holders(admin, kinds), async (holder) => {
    for await (const members of pagesByName((page) => holder.members(page))) {
      signal?.throwIfAborted()
      for (const { id = '' } of members) {
        const held = found.get(id)
        if (held === undefined) found.set(id, [holder])
        else held.push(holder)
      }
    }
  })
  return {
    take(id) {
      const held = found.get(id) ?? []
      found.delete(id)
      return toMemberships(held, kinds)
    },
  }
}

/** The memberships of users one by one, two requests each. */
export async function createMembershipReader(
  admin: Admin,
  kinds: MembershipKinds,
): Promise<(id: string) => Promise<Memberships>> {
  const { client, realm } = admin
  const defaultRole = kinds.roles ? await defaultRoleOf(admin) : undefined
  return async (id) => {
    const held: Holder[] = []
    if (kinds.groups) {
      for await (const group of items((page) => client.users.listGroups({ id, realm, ...page })))
        held.push({ kind: 'group', name: pathOf(group) })
    }
    if (kinds.roles) {
      const { realmMappings = [], clientMappings = {} } = await client.users.listRoleMappings({ id, realm })
      for (const { name = '' } of realmMappings) if (name !== defaultRole) held.push({ kind: 'role', name })
      for (const [clientId, { mappings }] of Object.entries(clientMappings))
        for (const { name = '' } of mappings ?? []) held.push({ kind: 'role', name, clientId })
    }
    return toMemberships(held, kinds)
  }
}

async function* holders(
  admin: Admin,
  { groups, roles }: MembershipKinds,
): AsyncGenerator<ReadableHolder, void, undefined> {
  if (groups) yield* groupHolders(admin)
  if (roles) yield* roleHolders(admin)
}

async function* groupHolders({ client, realm }: Admin): AsyncGenerator<ReadableHolder, void, undefined> {
  const below = async function* (
    list: AsyncIterable<GroupRepresentation>,
    above: readonly string[],
  ): AsyncGenerator<ReadableHolder> {
    for await (const { id = '', name = '', subGroupCount = 0 } of list) {
      const names = [...above, name]
      yield {
        kind: 'group',
        name: toGroupPath(names),
        members: (page) => client.groups.listMembers({ id, realm, briefRepresentation: true, ...page }),
      }
      if (subGroupCount > 0)
        yield* below(
          items((page) => client.groups.listSubGroups({ parentId: id, realm, ...page })),
          names,
        )
    }
  }
  yield* below(
    items((page) => client.groups.find({ realm, ...page })),
    [],
  )
}

async function* roleHolders(admin: Admin): AsyncGenerator<ReadableHolder, void, undefined> {
  const { client, realm } = admin
  const defaultRole = await defaultRoleOf(admin)
  const brief = { realm, briefRepresentation: true }
  for await (const { name = '' } of items((page) => client.roles.find({ realm, ...page }))) {
    // Everybody's, and of another name in each realm.
    if (name === defaultRole) continue
    yield {
      kind: 'role',
      name,
      members: (page) => client.roles.findUsersWithRole({ name, ...brief, ...page }),
    }
  }
  for await (const { id = '', clientId = '' } of items((page) => client.clients.find({ realm, ...page }))) {
    for await (const { name = '' } of items((page) => client.clients.listRoles({ id, realm, ...page }))) {
      yield {
        kind: 'role',
        name,
        clientId,
        members: (page) => client.clients.findUsersWithRole({ id, roleName: name, ...brief, ...page }),
      }
    }
  }
}

async function defaultRoleOf({ client, realm }: Admin): Promise<string | undefined> {
  return (await client.realms.findOne({ realm }))?.defaultRole?.name
}

function toMemberships(held: readonly Holder[], kinds: MembershipKinds): Memberships {
  const ofClients = new Map<string, string[]>()
  for (const { clientId, name } of held) {
    if (clientId !== undefined) ofClients.set(clientId, [...(ofClients.get(clientId) ?? []), name])
  }
  const names = (wanted: Holder['kind']): string[] =>
    held
      .filter(({ kind, clientId }) => kind === wanted && clientId === undefined)
      .map(({ name }) => name)
      .sort()
  return {
    ...(kinds.groups ? { groups: names('group') } : {}),
    ...(kinds.roles
      ? {
          realmRoles: names('role'),
          clientRoles: Object.fromEntries([...ofClients].map(([id, roles]) => [id, roles.sort()] as const)),
        }
      : {}),
  }
}
