import type { Admin, GroupRepresentation, RoleRepresentation, UserRepresentation } from '../client/index.ts'
import { all, items, type Page, roleGroupsOf } from '../client/index.ts'
import { type RoleName, roleOf, roleTitle } from '../lookup/index.ts'
import { inParallel } from './in-parallel.ts'

/** One way in which a user has a role. */
export interface RoleWay {
  /**
   * From the role that is mapped to the one asked for, each bringing the next: `['chief', 'editor']`. One alone is mapped
   * itself. A client's role is `client/role`.
   */
  readonly roles: readonly string[]
  /** The path of the group that the role is mapped to. Absent: it is mapped to the user. */
  readonly group?: string
  /** The path of the group within it that the user is a member of. Absent: of the group itself. */
  readonly within?: string
  /** Whether the role that is mapped is the realm's default role, which every user is created with. */
  readonly isDefault?: true
}

/** A list of Keycloak whose users all have the role, by all of these ways. */
export interface RoleList {
  readonly ways: readonly RoleWay[]
  readonly members: (page: Page) => Promise<UserRepresentation[] | null | undefined>
}

/** A role that brings the one asked for, or is it. */
interface Bringing {
  readonly role: FoundRole
  readonly chain: readonly string[]
}

interface FoundRole {
  readonly id: string
  readonly name: string
  readonly title: string
  readonly clientUuid: string | undefined
  readonly composite: boolean
}

/**
 * The lists whose users have a role: those of the role and of each composite that brings it, and the members of the groups
 * that one of these is mapped to, and of the groups within them. What is mapped to the user comes first.
 */
export async function roleLists(admin: Admin, role: RoleName, signal?: AbortSignal): Promise<RoleList[]> {
  const { client, realm } = admin
  const target = await roleOf(admin, role)
  const defaultRole = (await client.realms.findOne({ realm }))?.defaultRole?.id
  const bringing = await rolesThatBring(admin, toFound(target, role.client), signal)
  const brief = { realm, briefRepresentation: true }
  const mapped = bringing.map(
    ({ role: { id, name, clientUuid }, chain }): RoleList => ({
      ways: [{ roles: chain, ...(id === defaultRole && { isDefault: true as const }) }],
      members: (page) =>
        clientUuid === undefined
          ? client.roles.findUsersWithRole({ name, ...brief, ...page })
          : client.clients.findUsersWithRole({ id: clientUuid, roleName: name, ...brief, ...page }),
    }),
  )
  const ofGroups = await groupWays(admin, bringing, signal)
  const grouped = [...ofGroups].map(
    ([id, ways]): RoleList => ({
      ways,
      members: (page) => client.groups.listMembers({ id, ...brief, ...page }),
    }),
  )
  return [...mapped, ...grouped]
}

/** From the role outwards, so that each chain is the shortest; a composite that contains itself is met once. */
async function rolesThatBring(
  admin: Admin,
  target: FoundRole,
  signal: AbortSignal | undefined,
): Promise<readonly Bringing[]> {
  const parents = await compositesByMember(admin, signal)
  const found = new Map<string, Bringing>([[target.id, { role: target, chain: [target.title] }]])
  for (const { role, chain } of found.values()) {
    for (const parent of parents.get(role.id) ?? []) {
      if (!found.has(parent.id)) found.set(parent.id, { role: parent, chain: [parent.title, ...chain] })
    }
  }
  return [...found.values()]
}

/** Of each role, the composites that it is directly in: Keycloak tells the other direction only. */
async function compositesByMember(
  admin: Admin,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, readonly FoundRole[]>> {
  const { client, realm } = admin
  const parents = new Map<string, FoundRole[]>()
  await inParallel(allRoles(admin), async (role) => {
    if (!role.composite) return
    signal?.throwIfAborted()
    for (const { id = '' } of await client.roles.getCompositeRoles({ realm, id: role.id })) {
      parents.set(id, [...(parents.get(id) ?? []), role])
    }
  })
  return parents
}

async function* allRoles({ client, realm }: Admin): AsyncGenerator<FoundRole, void, undefined> {
  for await (const role of items((page) => client.roles.find({ realm, ...page }))) yield toFound(role)
  for await (const { id = '', clientId } of items((page) => client.clients.find({ realm, ...page }))) {
    for await (const role of items((page) => client.clients.listRoles({ id, realm, ...page })))
      yield toFound(role, clientId)
  }
}

function toFound(role: RoleRepresentation, client?: string): FoundRole {
  const { id = '', name = '', composite = false } = role
  const title = roleTitle({ name, ...(client === undefined ? {} : { client }) })
  return { id, name, title, clientUuid: client === undefined ? undefined : role.containerId, composite }
}

/** Of each group whose members have the role, by its id: how. */
async function groupWays(
  admin: Admin,
  bringing: readonly Bringing[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, readonly RoleWay[]>> {
  const ways = new Map<string, RoleWay[]>()
  const add = ({ id = '' }: GroupRepresentation, way: RoleWay): void =>
    void ways.set(id, [...(ways.get(id) ?? []), way])

  await inParallel(bringing, async ({ role, chain }) => {
    for (const mapped of await groupsOf(admin, role)) {
      const way = { roles: chain, group: mapped.path ?? '' }
      add(mapped, way)
      for await (const group of groupsWithin(admin, mapped)) {
        signal?.throwIfAborted()
        add(group, { ...way, within: group.path ?? '' })
      }
    }
  })
  return ways
}

async function groupsOf(admin: Admin, { name, clientUuid }: FoundRole): Promise<GroupRepresentation[]> {
  const { client, realm } = admin
  const groups = roleGroupsOf(client)
  return await all((page) =>
    clientUuid === undefined
      ? groups.find({ realm, name, ...page })
      : groups.findOfClient({ realm, name, id: clientUuid, ...page }),
  )
}

async function* groupsWithin(
  admin: Admin,
  { id: parentId = '' }: GroupRepresentation,
): AsyncGenerator<GroupRepresentation, void, undefined> {
  const { client, realm } = admin
  for await (const group of items((page) => client.groups.listSubGroups({ parentId, realm, ...page }))) {
    yield group
    if ((group.subGroupCount ?? 0) > 0) yield* groupsWithin(admin, group)
  }
}
