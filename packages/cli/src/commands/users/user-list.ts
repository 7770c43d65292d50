import { all, type UserFilter, users, usersWithMemberships } from '@cloakwright/admin'
import { type ConnectionOptions, connect } from '../../connection/index.ts'
import { findUser, type ListedUser, userColumns } from '../../lookup/index.ts'
import { pairOf } from '../../options/index.ts'
import { type Column, printList, printObject, toJson } from '../../terminal/index.ts'

/** Which users. */
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
    name: 'roles of clients',
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

/** What was looked for, and what finds more: Keycloak's search finds what begins with its text. */
export function nobodyFound(realm: string, { search, email, attribute, disabled }: FilterOptions): string {
  const filters = [
    ...(search === undefined ? [] : [`--search ${search}`]),
    ...(email === undefined ? [] : [`--email ${email}`]),
    ...(attribute === undefined ? [] : [`--attribute ${attribute}`]),
    ...(disabled === undefined ? [] : ['--disabled']),
  ]
  if (filters.length === 0) return `The realm ${realm} has no users`
  const found = `No user of the realm ${realm} fits ${filters.join(' ')}`
  if (search !== undefined && !/[*"]/.test(search)) {
    return `${found}. The search finds what begins with the text; anywhere: --search '*${search}*'`
  }
  if (filters.length > 1) return `${found}. Leave one of them out`
  return `${found}. ${search === undefined && email === undefined ? 'All of them' : 'Try a shorter text, or all'}: cloakwright users list`
}

/** The options as Keycloak's list takes them. */
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

/** Keycloak takes spaces and colons within quotation marks only. */
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
