import { type Admin, all, findUser as findOne, items, type UserRef } from '@cloakwright/admin'
import { CloakwrightError } from 'cloakwright'
import { UsageError } from './exit.ts'

type Client = Admin['client']
type User = NonNullable<Awaited<ReturnType<Client['users']['findOne']>>>
type Group = Awaited<ReturnType<Client['groups']['find']>>[number]

/**
 * A user as a command names one: by user name, by e-mail address, or as `id:ID`. A name that may be an address is
 * looked up, so that the user is one and the same from here on.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when it is an address that no user has
 * @throws {UsageError} when it names several users
 */
export async function userRef(admin: Admin, text: string): Promise<UserRef> {
  if (!isAddress(text)) return plainRef(text)
  return { id: (await findUser(admin, text)).id ?? '' }
}

/** The user. @throws {CW_ADMIN_NOT_FOUND} @throws {UsageError} when it names several users */
export async function findUser(admin: Admin, text: string): Promise<User> {
  const [found, another] = isAddress(text)
    ? await usersNamed(admin, text)
    : [await findOne(admin, plainRef(text))]
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
    `Say which one by its id:\n${[found, another].map(toLine).join('\n')}`,
  )
}

/** Whoever has this user name or this e-mail address. */
async function usersNamed(admin: Admin, text: string): Promise<readonly User[]> {
  const [named, addressed] = await Promise.all([
    findOne(admin, text),
    admin.client.users.find({ email: text, exact: true }),
  ])
  if (named === undefined) return addressed
  return [named, ...addressed.filter(({ id }) => id !== named.id)]
}

function isAddress(text: string): boolean {
  return text.includes('@')
}

function plainRef(text: string): UserRef {
  const id = /^id:([\da-f-]{36})$/.exec(text)?.[1]
  return id === undefined ? text : { id }
}

function partOf(text: string): string {
  return text.replace(/@.*/, '').replaceAll(/['"*\s]/g, '')
}

function toLine({ id, username, email }: User): string {
  return `id:${id}  user name ${username}, e-mail address ${email ?? 'none'}`
}

/** Keycloak's id of a client, by the name that it logs in with. @throws {CW_ADMIN_NOT_FOUND} */
export async function findClientId(admin: Admin, clientId: string): Promise<string> {
  const [found] = await admin.client.clients.find({ clientId })
  if (found?.id !== undefined) return found.id
  throw notFound(
    `The realm ${admin.realm} has no client ${clientId}`,
    "Give the client's id, as the console shows it",
  )
}

/** Every group, each before those within it. */
export async function* allGroups(admin: Admin): AsyncGenerator<Group, void, undefined> {
  const { client } = admin
  const waiting = await all((page) => client.groups.find(page))
  for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
    yield group
    const { id: parentId = '', subGroupCount = 0 } = group
    if (subGroupCount > 0) {
      waiting.unshift(...(await all((page) => client.groups.listSubGroups({ parentId, ...page }))))
    }
  }
}

/** A group's own members. */
export async function* membersOf(admin: Admin, path: string): AsyncGenerator<User, void, undefined> {
  for await (const group of allGroups(admin)) {
    if (group.path !== path) continue
    const { id = '' } = group
    yield* items((page) => admin.client.groups.listMembers({ id, ...page }))
    return
  }
  throw notFound(`The realm ${admin.realm} has no group ${path}`, 'cloakwright groups list')
}

/** What a command was to work on, and is not there. */
export function notFound(message: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_ADMIN_NOT_FOUND', message, { hint })
}
