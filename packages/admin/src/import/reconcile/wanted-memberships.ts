import type { Admin, UserRepresentation } from '../../client/index.ts'
import { HashIndex, type Pace, type RealmFacts, roleNames, texts } from '../../jobs/index.ts'
import { createMembershipReader, type Memberships } from '../../listing/index.ts'

/** A role or a group, and the numbers of its wanted memberships. */
interface Holder {
  readonly name: string
  readonly kind: 'role' | 'group'
  readonly clientId?: string
  wanted: number
  /** Wanted members that were not seen. */
  left: number
  /** It has so many other members that they were not all read. */
  tooMany: boolean
  /** Its members are read with their attributes. */
  full: boolean
}

/** Which users should have which roles and be in which groups: a few bytes for each, whatever the number of users. */
export class WantedMemberships {
  readonly holders: Holder[] = []
  readonly #holderOf = new Map<string, number>()
  /** The user's id → where its memberships begin. */
  readonly #users = new HashIndex()
  /** For each user: line, number of memberships, and the holder of each; 0 when it was seen, else the holder's number from 1. */
  #numbers = new Uint32Array(1024)
  #end = 0

  want(line: number, id: string, user: UserRepresentation, { defaults }: RealmFacts): void {
    const roles = roleNames(user)
    const wanted = [
      // The default role has everybody: its members are the realm's users, not the file's.
      ...(roles.realm ?? [])
        .filter((name) => name !== defaults.role)
        .map((name) => this.#holder('role', name)),
      ...Object.entries(roles.client ?? {}).flatMap(([clientId, names]) =>
        names.map((name) => this.#holder('role', name, clientId)),
      ),
      ...texts(user.groups).map((path) => this.#holder('group', path)),
    ]
    const holders = [...new Set(wanted)]
    // Of one role that the user has: pages of a role cost hardly more so, those of a group do.
    const full = user.attributes === undefined ? undefined : this.holders[holders[0] ?? -1]
    if (full?.kind === 'role') full.full = true
    this.#users.add(id, this.#end)
    this.#push(line, holders.length, ...holders.map((holder) => holder + 1))
    for (const holder of holders) {
      const found = this.holders[holder]
      if (found === undefined) continue
      found.wanted += 1
      found.left += 1
    }
  }

  /** The user was seen among the holder's members. */
  seen(holder: number, id: string): void {
    const start = this.#users.get(id)
    if (start === undefined) return
    const count = this.#numbers[start + 1] ?? 0
    for (let at = start + 2; at < start + 2 + count; at += 1) {
      if (this.#numbers[at] !== holder + 1) continue
      this.#numbers[at] = 0
      const found = this.holders[holder]
      if (found !== undefined) found.left -= 1
    }
  }

  /** The memberships that were wanted and not seen. */
  *missing(): Generator<{ readonly line: number; readonly name: string }, void, undefined> {
    for (let start = 0; start < this.#end; ) {
      const line = this.#numbers[start] ?? 0
      const count = this.#numbers[start + 1] ?? 0
      for (const number of this.#numbers.subarray(start + 2, start + 2 + count)) {
        const holder = this.holders[number - 1]
        if (holder?.tooMany === false) yield { line, name: nameOf(holder) }
      }
      start += 2 + count
    }
  }

  /** How many of the wanted memberships are neither seen nor missing, since their holders have too many other members. */
  get unchecked(): number {
    return this.holders.reduce((sum, { left, tooMany }) => sum + (tooMany ? left : 0), 0)
  }

  #holder(kind: Holder['kind'], name: string, clientId?: string): number {
    const key = JSON.stringify([kind, name, clientId])
    let number = this.#holderOf.get(key)
    if (number === undefined) {
      number = this.holders.length
      this.holders.push({
        kind,
        name,
        wanted: 0,
        left: 0,
        tooMany: false,
        full: false,
        ...(clientId === undefined ? {} : { clientId }),
      })
      this.#holderOf.set(key, number)
    }
    return number
  }

  #push(...numbers: readonly number[]): void {
    if (this.#end + numbers.length > this.#numbers.length) {
      const grown = new Uint32Array(this.#numbers.length * 2 + numbers.length)
      grown.set(this.#numbers)
      this.#numbers = grown
    }
    this.#numbers.set(numbers, this.#end)
    this.#end += numbers.length
  }
}

/** Reads what each of these users has, two requests a user: where they are few, their roles may have thousands of members. */
export async function readMembershipsOfEach(
  admin: Admin,
  pace: Pace,
  memberships: WantedMemberships,
  ids: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const reader = await pace.send(() => createMembershipReader(admin, { groups: true, roles: true }))
  const left = ids.values()
  const read = async (): Promise<void> => {
    for (const id of left) {
      signal?.throwIfAborted()
      const has = await pace.send(() => reader(id))
      for (const [number, holder] of memberships.holders.entries())
        if (namesLike(has, holder).includes(holder.name)) memberships.seen(number, id)
    }
  }
  await Promise.all(Array.from({ length: pace.inFlight }, read))
}

function namesLike(
  { groups = [], realmRoles = [], clientRoles = {} }: Memberships,
  { kind, clientId, name }: Holder,
): readonly string[] {
  // A list writes slashes within names as ~/, an import's path has them as Keycloak takes them.
  if (kind === 'group') return name.includes('~/') ? groups : groups.map((path) => path.replaceAll('~/', '/'))
  if (clientId === undefined) return realmRoles
  const roles = new Map(Object.entries(clientRoles as Readonly<Record<string, string[]>>))
  return roles.get(clientId) ?? []
}

/** Keycloak sorts all members for each page: 85,000 of them cost seconds of its time, whatever the page has. */
const pageSize = 5_000
/** With more wanted members than this, pages of as many, and one list at a time: memory stays flat. */
const manyMembers = 20_000
/** Of a role or group that everybody has, so many members are read, or four times as many as the file names. */
const mostMembers = 20_000

/**
 * Reads the members of each role and group, until all that are wanted were seen; of as many at once as the pace allows. Tells of
 * each member that it reads, the more than once that have more than one.
 */
export async function readMembers(
  admin: Admin,
  facts: RealmFacts,
  pace: Pace,
  memberships: WantedMemberships,
  signal: AbortSignal | undefined,
  onMember: (user: UserRepresentation) => void,
): Promise<void> {
  // Shared by all readers: each takes the next.
  const holders = memberships.holders.entries()
  const read = async (): Promise<void> => {
    for (const [number, holder] of holders) {
      for await (const member of membersOf(admin, facts, pace, holder)) {
        signal?.throwIfAborted()
        memberships.seen(number, member.id ?? '')
        onMember(member)
      }
    }
  }
  const isLarge = memberships.holders.some(({ wanted }) => wanted > manyMembers)
  await Promise.all(Array.from({ length: isLarge ? 1 : pace.inFlight }, read))
}

/** A holder's members, page by page, as long as wanted ones are left. */
async function* membersOf(
  { client, realm }: Admin,
  facts: RealmFacts,
  pace: Pace,
  holder: Holder,
): AsyncGenerator<UserRepresentation, void, undefined> {
  const { kind, name, clientId } = holder
  const id = kind === 'group' ? await facts.groupId(name) : await uuidOf(facts, clientId)
  if (id === undefined && (kind === 'group' || clientId !== undefined)) return
  const max = holder.wanted > manyMembers ? manyMembers : pageSize
  for (let first = 0; holder.left > 0; first += max) {
    const page = { realm, first, max, briefRepresentation: !holder.full }
    const members = await pace.send(async () => {
      if (kind === 'group') return await client.groups.listMembers({ id: id ?? '', ...page })
      if (id !== undefined) return await client.clients.findUsersWithRole({ id, roleName: name, ...page })
      return await client.roles.findUsersWithRole({ name, ...page })
    })
    // The role was deleted since: the official client gives null for a 404.
    if (members == null) return
    yield* members
    if (members.length < max) return
    holder.tooMany = first + max >= Math.max(mostMembers, 4 * holder.wanted)
    if (holder.tooMany) return
  }
}

async function uuidOf(facts: RealmFacts, clientId: string | undefined): Promise<string | undefined> {
  return clientId === undefined ? undefined : await facts.clientUuid(clientId)
}

function nameOf({ kind, name, clientId }: Holder): string {
  if (kind === 'group') return `groups${name.startsWith('/') ? '' : '/'}${name}`
  return clientId === undefined ? `roles.${name}` : `roles.${clientId}/${name}`
}
