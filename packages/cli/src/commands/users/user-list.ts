import { all, type UserFilter, users, usersWithMemberships } from '@cloakwright/admin'
import { type ConnectionOptions, connect } from '../../connection/index.ts'
import { findUser, type ListedUser, userColumns } from '../../lookup/index.ts'
import { pairOf } from '../../options/index.ts'
import { type Column, printList, printObject, toJson } from '../../terminal/index.ts'

/** The filters of a list of users. */
export interface FilterOptions {
  readonly search?: string
  readonly email?: string
  readonly attribute?: string
  readonly disabled?: true
}

interface ListOptions extends ConnectionOptions, FilterOptions {
  readonly memberships?: true
  readonly limit?: number
  readonly json?: true
}

const membershipColumns: readonly Column<ListedUser>[] = [
  { name: 'groups', of: ({ groups }) => groups?.join(', ') },
  { name: 'roles', of: ({ realmRoles }) => realmRoles?.join(', ') },
  {
    name: 'client roles',
    of: ({ clientRoles }) => (clientRoles === undefined ? '' : toJson(clientRoles)),
  },
]

/** `cloakwright users list`. */
export async function list(options: ListOptions): Promise<void> {
  const admin = connect(options)
  const { memberships = false, limit = Number.POSITIVE_INFINITY } = options
  const filter = toFilter(options)
  const found = memberships ? usersWithMemberships(admin, filter) : users(admin, filter)
  const columns = memberships ? [...userColumns, ...membershipColumns] : userColumns
  await printList(atMost(limit, found), columns, options.json === true, () =>
    nobodyFound(admin.realm, options),
  )
}

/** The message for an empty list, with a wider search. Keycloak's search matches the beginning. */
export function nobodyFound(realm: string, { search, email, attribute, disabled }: FilterOptions): string {
  const filters = [
    ...(search === undefined ? [] : [`--search ${search}`]),
    ...(email === undefined ? [] : [`--email ${email}`]),
    ...(attribute === undefined ? [] : [`--attribute ${attribute}`]),
    ...(disabled === undefined ? [] : ['--disabled']),
  ]
  if (filters.length === 0) return `The realm ${realm} has no users`
  const found = `No user of the realm ${realm} matches ${filters.join(' ')}`
  if (search !== undefined && !/[*"]/.test(search)) {
    return `${found}. A search matches the beginning. To search anywhere: --search '*${search}*'`
  }
  if (filters.length > 1) return `${found}. Omit one of the filters`
  return search === undefined && email === undefined
    ? `${found}. To list all users: cloakwright users list`
    : `${found}. Try a shorter text, or list all users: cloakwright users list`
}

/** The filters as parameters of Keycloak's list. */
export function toFilter({ search, email, attribute, disabled }: FilterOptions): UserFilter {
  return {
    ...(search === undefined ? {} : { search }),
    ...(email === undefined ? {} : { email }),
    ...(attribute === undefined ? {} : { q: toQuery(attribute) }),
    ...(disabled === undefined ? {} : { enabled: false }),
  }
}

/** `cloakwright users get`. */
export async function get(
  user: string,
  options: ConnectionOptions & { readonly json?: true },
): Promise<void> {
  const admin = connect(options)
  const found = await findUser(admin, user)
  const { id = '' } = found
  const [groups, mappings] = await Promise.all([
    all((page) => admin.client.users.listGroups({ id, ...page })),
    admin.client.users.listRoleMappings({ id }),
  ])
  const clientRoles = Object.entries(mappings.clientMappings ?? {}).map(([client, mapped]) => [
    client,
    (mapped as { mappings?: { name?: string }[] }).mappings?.map(({ name }) => name),
  ])
  const { access: _, ...account } = found
  printObject(
    {
      ...account,
      groups: groups.map(({ path }) => path),
      realmRoles: mappings.realmMappings?.map(({ name }) => name) ?? [],
      clientRoles: Object.fromEntries(clientRoles) as object,
    },
    options.json === true,
  )
}

function toQuery(attribute: string): string {
  const [name, value] = pairOf(attribute, '=', '--attribute', 'NAME=VALUE, such as team=blue')
  return `${quoted(name)}:${quoted(value)}`
}

/** Keycloak accepts spaces and colons only in quotes. */
function quoted(text: string): string {
  return /^[\w.@-]+$/.test(text) ? text : `"${text}"`
}

async function* atMost<T>(limit: number, rows: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  let count = 0
  for await (const row of rows) {
    yield row
    count += 1
    if (count >= limit) return
  }
}
