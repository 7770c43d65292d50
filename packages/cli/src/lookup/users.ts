import {
  type Admin,
  all,
  findGroup,
  findUser as findOne,
  items,
  toGroupPath,
  type UserRef,
} from '@cloakwright/admin'
import { CloakwrightError } from 'cloakwright'
import { UsageError } from '../exit.ts'

type Client = Admin['client']
type User = NonNullable<Awaited<ReturnType<Client['users']['findOne']>>>
type Group = Awaited<ReturnType<Client['groups']['find']>>[number]

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

/**
 * A user as a command names one: by user name, by e-mail address, or as `id:ID`. A name that may be an address or an id is
 * looked up, so that the user is one and the same from here on.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when it is an address that no user has
 * @throws {UsageError} when it names several users
 */
export async function userRef(admin: Admin, text: string): Promise<UserRef> {
  if (!mayBeAnother(text)) return plainRef(text)
  return { id: (await findUser(admin, text)).id ?? '' }
}

/** The user. @throws {CW_ADMIN_NOT_FOUND} @throws {UsageError} when it names several users */
export async function findUser(admin: Admin, text: string): Promise<User> {
  const meant = mayBeAnother(text) ? await usersNamed(admin, text) : [await findOne(admin, plainRef(text))]
  const [found, another] = meant
  if (found === undefined) {
    throw notFound(
      `The realm ${admin.realm} has no user ${text}`,
      text.startsWith('id:')
        ? 'List the users with their ids: cloakwright users list'
        : `Look for a part of the name or address: cloakwright users list --search '*${partOf(text)}*'`,
    )
  }
  if (another === undefined) return found
  throw new UsageError(
    `${text} names several users of the realm ${admin.realm}`,
    `Say which one by its id:\n${meant.slice(0, 10).map(toLine).join('\n')}`,
  )
}

/** Whoever has this user name, this e-mail address or this id. */
async function usersNamed(admin: Admin, text: string): Promise<readonly User[]> {
  const [named, others] = await Promise.all([
    findOne(admin, text),
    uuid.test(text)
      ? findOne(admin, { id: text }).then((found) => (found === undefined ? [] : [found]))
      : usersByEmail(admin, text),
  ])
  if (named === undefined) return others
  return [named, ...others.filter(({ id }) => id !== named.id)]
}

/** Some databases take one letter for another: what they find is not yet whom the address names. */
async function usersByEmail({ client }: Admin, address: string): Promise<readonly User[]> {
  const found = await client.users.find({ email: address, exact: true })
  return found.filter(({ email }) => email?.toLowerCase() === address.toLowerCase())
}

function mayBeAnother(text: string): boolean {
  return text.includes('@') || uuid.test(text)
}

function plainRef(text: string): UserRef {
  const id = /^id:([\da-f-]{36})$/.exec(text)?.[1]
  return id === undefined ? text : { id }
}

function partOf(text: string): string {
  return text.replace(/@.*/, '').replaceAll(/['"*\s]/g, '')
}

function toLine({ id, username, email }: Partial<User> = {}): string {
  return `id:${id}  user name ${username}, e-mail address ${email ?? 'none'}`
}

/** Keycloak's id of a client, by the name that it logs in with. @throws {CW_ADMIN_NOT_FOUND} */
export async function findClientId(admin: Admin, clientId: string): Promise<string> {
  const { clients } = admin.client
  const [found] = await clients.find({ clientId })
  if (found?.id !== undefined) return found.id
  const message = `The realm ${admin.realm} has no client ${clientId}`
  if (uuid.test(clientId)) {
    const byId = await clients.findOne({ id: clientId })
    if (byId != null) throw notFound(message, `It is the id of the client ${byId.clientId}: give that name`)
  }
  const similar = await clients.find({ clientId, search: true, max: 5 })
  const names = similar.flatMap((each) => each.clientId ?? [])
  throw notFound(
    message,
    names.length > 0
      ? `Client ids are exact. Similar: ${names.join(', ')}`
      : "Give the client's id, as the console shows it",
  )
}

/** Every group, each before those within it, by paths that commands take: a slash within a name is `~/`. */
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
 * A group's own members.
 *
 * @throws {CW_ADMIN_NOT_FOUND}
 * @throws {CW_ADMIN_REFUSED} when the path is that of two groups: `/a/b` may also be a group at the top that is called `a/b`
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
      ? `Paths are exact, and begin with a slash. Similar: ${similar.slice(0, 5).join(', ')}`
      : 'List the groups: cloakwright groups list',
  )
}

/** What a command was to work on, and is not there. */
export function notFound(message: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_ADMIN_NOT_FOUND', message, { hint })
}
