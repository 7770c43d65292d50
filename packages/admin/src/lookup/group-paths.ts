import { CloakwrightError } from 'cloakwright'
import type { Admin, GroupRepresentation } from '../client/index.ts'
import { all } from '../client/index.ts'

/**
 * How a group is named: by its path, `/staff/editors`, in which a slash within a name is written `~/` as Keycloak escapes
 * it, or as `id:ID`. Keycloak itself writes the path of a group `a/b` at the top like that of `b` within `a`, and
 * finds the second one only: what may mean several groups is an error here, and no guess.
 */
export type GroupRef = string

/** A group that was found. Its `path` tells it from all others: slashes within names are `~/`. */
export interface FoundGroup extends GroupRepresentation {
  readonly id: string
  readonly name: string
  readonly path: string
}

/** Finds the groups of a realm. Which of them have a slash in their names is asked for once, and only where it matters. */
export interface GroupFinder {
  /**
   * The group that is meant; undefined where there is none.
   *
   * @throws {CW_ADMIN_REFUSED} when it may mean several groups, or is no path
   */
  find(ref: GroupRef): Promise<FoundGroup | undefined>
  /** The group whose names are exactly those of a {@link FoundGroup}'s path. */
  findExactly(path: string): Promise<FoundGroup | undefined>
  /** The path by which Keycloak's imports find the group; undefined where they find another one by it, or none. */
  pathForImport(group: FoundGroup): Promise<string | undefined>
}

const idRef = /^id:([\da-f-]{36})$/i

/** The names of a path, from the top. @throws {CW_ADMIN_REFUSED} when it is no path of a group */
export function groupNames(path: string): readonly string[] {
  const [start, ...names] = path.split(/(?<!~)\//)
  if (start === '' && names.length > 0 && names.every((name) => name.trim() !== ''))
    return names.map((name) => name.replaceAll('~/', '/'))
  throw new CloakwrightError('CW_ADMIN_REFUSED', `${JSON.stringify(path)} is not a group path`, {
    hint: 'Write the full path with a slash before each name: /staff/editors. Write a slash within a name as ~/.',
  })
}

/** The path that {@link groupNames} reads as these names. */
export function toGroupPath(names: readonly string[]): string {
  return names.map((name) => `/${name.replaceAll('/', '~/')}`).join('')
}

/** A group's path as {@link toGroupPath} writes it, as far as a list of groups tells: its own name, not those above it. */
export function pathOf({ path = '', name = '' }: GroupRepresentation): string {
  return name.includes('/') && path.endsWith(`/${name}`)
    ? `${path.slice(0, -name.length)}${name.replaceAll('/', '~/')}`
    : path
}

export function createGroupFinder(admin: Admin, name: string = admin.realm): GroupFinder {
  const { client } = admin
  let asked: Promise<ReadonlySet<string>> | undefined
  const slashed = (): Promise<ReadonlySet<string>> => {
    asked ??= namesWithSlash(client, name)
    return asked
  }
  const realm = { client, name, slashed }
  return {
    find: (ref) => find(realm, ref),
    findExactly: (path) => findExactly(realm, path),
    pathForImport: (group) => pathForImport(realm, group),
  }
}

/** A realm's groups, as a finder asks for them. */
interface GroupsOfRealm {
  readonly client: Admin['client']
  readonly name: string
  /** Names with a slash, of groups at any depth: asked for once, and only where they matter. */
  readonly slashed: () => Promise<ReadonlySet<string>>
}

async function namesWithSlash({ groups }: Admin['client'], realm: string): Promise<ReadonlySet<string>> {
  const found = await all((page) => groups.find({ realm, search: '/', populateHierarchy: false, ...page }))
  return new Set(found.flatMap(({ name = '' }) => (name.includes('/') ? [name] : [])))
}

async function find(realm: GroupsOfRealm, ref: GroupRef): Promise<FoundGroup | undefined> {
  const found = await matches(realm, ref)
  if (found.length < 2) return found[0]
  const ways = await Promise.all(
    found.map(async (group) => {
      const isOwn = group.path !== ref && (await matches(realm, group.path)).length === 1
      return `${isOwn ? group.path : `id:${group.id}`} for ${titleOf(group)}`
    }),
  )
  throw new CloakwrightError(
    'CW_ADMIN_REFUSED',
    `${ref} matches ${found.length} groups of the realm ${realm.name}: ${found.map(titleOf).join(', ')}`,
    { hint: `Write ${ways.join(', ')}.` },
  )
}

async function findExactly(realm: GroupsOfRealm, path: string): Promise<FoundGroup | undefined> {
  const names = groupNames(path)
  const isWalked =
    names.some((name) => name.includes('/')) || (names.length > 1 && (await realm.slashed()).size > 0)
  if (isWalked) return await exactly(realm, names)
  const group = await byPath(realm, path)
  return group && toFound(group, names)
}

async function pathForImport(
  realm: GroupsOfRealm,
  { id, path, name }: FoundGroup,
): Promise<string | undefined> {
  const plain = joinedPath(path)
  if (groupNames(path).length === 1 && !name.includes('/')) return plain
  if (plain === path && (await realm.slashed()).size === 0) return plain
  for (const each of new Set([plain, path])) if ((await byPath(realm, each))?.id === id) return each
  return undefined
}

async function matches(realm: GroupsOfRealm, ref: GroupRef): Promise<readonly FoundGroup[]> {
  const id = idRef.exec(ref)?.[1]
  if (id !== undefined) return await byId(realm, id)
  const names = groupNames(ref)
  const parts = ref.slice(1).split('/')
  const isPlain = parts.every((part) => part.trim() !== '')
  const [own, withSlash] = await Promise.all([
    isPlain ? byPath(realm, ref) : undefined,
    parts.length === 1 ? new Set<string>() : realm.slashed(),
  ])
  const ownNames = own?.name === parts.at(-1) ? parts : names
  if (withSlash.size === 0) return own === undefined ? [] : [toFound(own, ownNames)]
  const found = new Map<string, FoundGroup>()
  const exact = ref.includes('~/') ? await exactly(realm, names) : undefined
  for (const group of [
    ...(isPlain ? await joined(realm, parts) : []),
    ...(exact === undefined ? [] : [exact]),
  ])
    found.set(group.id, group)
  // As Keycloak says it, also where it was made since.
  if (own?.id !== undefined && !found.has(own.id)) found.set(own.id, toFound(own, ownNames))
  return [...found.values()]
}

async function byId(
  { client: { groups }, name: realm }: GroupsOfRealm,
  id: string,
): Promise<readonly FoundGroup[]> {
  const group = (await groups.findOne({ realm, id })) ?? undefined
  if (group === undefined) return []
  const names = [group.name ?? '']
  for (let { parentId } = group; parentId !== undefined; ) {
    const parent = await groups.findOne({ realm, id: parentId })
    names.unshift(parent?.name ?? '')
    parentId = parent?.parentId
  }
  return [toFound(group, names)]
}

/** Keycloak's own answer. */
async function byPath(
  { client, name: realm }: GroupsOfRealm,
  path: string,
): Promise<GroupRepresentation | undefined> {
  // The path is a part of the URL, slashes and all: each of its names is encoded on its own.
  const group = await client.realms.getGroupByPath({ realm, path: path.slice(1) }, { catchNotFound: true })
  const found = (group as GroupRepresentation | null) ?? undefined
  // Some databases take one letter for another.
  return found !== undefined && joinedPath(found.path ?? '') === joinedPath(path) ? found : undefined
}

async function exactly(realm: GroupsOfRealm, names: readonly string[]): Promise<FoundGroup | undefined> {
  let group: GroupRepresentation | undefined
  for (const name of names) {
    ;[group] = await below(realm, group?.id, name)
    if (group === undefined) return undefined
  }
  return group && toFound(group, names)
}

/** Every group whose names, joined by slashes, are these. */
async function joined(
  realm: GroupsOfRealm,
  parts: readonly string[],
  parent?: FoundGroup,
): Promise<readonly FoundGroup[]> {
  const found: FoundGroup[] = []
  for (const length of parts.keys()) {
    const name = parts.slice(0, length + 1).join('/')
    if (length > 0 && !(await realm.slashed()).has(name)) continue
    for (const group of await below(realm, parent?.id, name)) {
      const names = [...(parent === undefined ? [] : groupNames(parent.path)), name]
      const rest = parts.slice(length + 1)
      const here = toFound(group, names)
      found.push(...(rest.length === 0 ? [here] : await joined(realm, rest, here)))
    }
  }
  return found
}

async function below(
  { client: { groups }, name: realm }: GroupsOfRealm,
  parentId: string | undefined,
  name: string,
): Promise<readonly GroupRepresentation[]> {
  const wanted = { realm, search: name, exact: true }
  const found =
    parentId === undefined
      ? await all((page) => groups.find({ ...wanted, populateHierarchy: false, ...page }))
      : await all((page) => groups.listSubGroups({ ...wanted, parentId, ...page }))
  return found.filter((group) => group.name === name && group.parentId === parentId)
}

/** A path as Keycloak reads one: without a mark at the slashes within names. */
function joinedPath(path: string): string {
  return path.replaceAll('~/', '/')
}

function toFound(group: GroupRepresentation, names: readonly string[]): FoundGroup {
  return { ...group, id: group.id ?? '', name: names.at(-1) ?? '', path: toGroupPath(names) }
}

function titleOf({ path, name }: FoundGroup): string {
  const above = groupNames(path).slice(0, -1)
  return `the group ${JSON.stringify(name)} ${above.length === 0 ? 'at the top level' : `in ${toGroupPath(above)}`}`
}
