import { type Admin, findUser as findOne, findUsersByEmail, type UserRef } from '@cloakwright/admin'
import { UsageError } from '../exit.ts'
import { notFound } from './not-found.ts'
import { uuid } from './uuid.ts'

type Client = Admin['client']
type User = NonNullable<Awaited<ReturnType<Client['users']['findOne']>>>

/**
 * Resolves a user by user name, e-mail address or `id:ID`. A name that may be an address or an id is looked up now, so
 * that later steps use the same user.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when no user has the address
 * @throws {UsageError} when it matches several users
 */
export async function userRef(admin: Admin, text: string): Promise<UserRef> {
  if (!mayBeAnother(text)) return plainRef(text)
  return { id: (await findUser(admin, text)).id ?? '' }
}

/** Finds a user. @throws {CW_ADMIN_NOT_FOUND} @throws {UsageError} when it matches several users */
export async function findUser(admin: Admin, text: string): Promise<User> {
  const meant = mayBeAnother(text) ? await usersNamed(admin, text) : [await findOne(admin, plainRef(text))]
  const [found, another] = meant
  if (found === undefined) {
    throw notFound(
      `The realm ${admin.realm} has no user ${text}`,
      text.startsWith('id:')
        ? 'List the users with their ids: cloakwright users list'
        : `Search for part of the name or address: cloakwright users list --search '*${partOf(text)}*'`,
    )
  }
  if (another === undefined) return found
  throw new UsageError(
    `${text} matches several users of the realm ${admin.realm}`,
    `Give the id of one of them:\n${meant.slice(0, 10).map(toLine).join('\n')}`,
  )
}

/** The users with this user name, e-mail address or id. */
async function usersNamed(admin: Admin, text: string): Promise<readonly User[]> {
  const [named, others] = await Promise.all([
    findOne(admin, text),
    uuid.test(text)
      ? findOne(admin, { id: text }).then((found) => (found === undefined ? [] : [found]))
      : findUsersByEmail(admin, text),
  ])
  if (named === undefined) return others
  return [named, ...others.filter(({ id }) => id !== named.id)]
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
