import { type Admin, findUser as findOne, findUsersByEmail, type UserRef } from '@cloakwright/admin'
import { UsageError } from '../exit.ts'
import { notFound } from './not-found.ts'
import { uuid } from './uuid.ts'

type Client = Admin['client']
type User = NonNullable<Awaited<ReturnType<Client['users']['findOne']>>>

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
