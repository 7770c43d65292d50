import { type Admin, all, items } from '@cloakwright/admin'
import { CloakwrightError } from 'cloakwright'

type Client = Admin['client']
type User = NonNullable<Awaited<ReturnType<Client['users']['findOne']>>>
type Group = Awaited<ReturnType<Client['groups']['find']>>[number]

/** A user as a command names one: a user name, or `id:ID`. */
export function userRef(text: string): string | { readonly id: string } {
  const id = /^id:([\da-f-]{36})$/.exec(text)?.[1]
  return id === undefined ? text : { id }
}

/** The user. @throws {CW_ADMIN_NOT_FOUND} */
export async function findUser(admin: Admin, text: string): Promise<User> {
  const ref = userRef(text)
  const found =
    typeof ref === 'string'
      ? (await admin.client.users.find({ username: ref, exact: true }))[0]
      : await admin.client.users.findOne(ref)
  if (found != null) return found
  throw notFound(`The realm ${admin.realm} has no user ${text}`, 'cloakwright users list --search TEXT')
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

function notFound(message: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_ADMIN_NOT_FOUND', message, { hint })
}
