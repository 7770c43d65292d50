import { items } from '@cloakwright/admin'
import { type ConnectionOptions, connect } from '../connection.ts'
import { findClientId } from '../lookup.ts'
import { printList } from '../results.ts'
import { requireRole } from '../role-lookup.ts'
import { userColumns } from './users.ts'

interface Options extends ConnectionOptions {
  readonly client?: string
  readonly json?: true
}

/** `cloakwright roles list`. */
export async function list(options: Options): Promise<void> {
  const admin = connect(options)
  const { clients, roles } = admin.client
  const id = options.client === undefined ? undefined : await findClientId(admin, options.client)
  const found = items((page) => (id === undefined ? roles.find(page) : clients.listRoles({ id, ...page })))
  await printList(
    found,
    [
      { name: 'role', of: ({ name }) => name },
      { name: 'composite', of: ({ composite }) => (composite === true ? 'yes' : 'no') },
      { name: 'description', of: ({ description }) => description },
    ],
    options.json === true,
    () =>
      options.client === undefined
        ? `The realm ${admin.realm} has no roles of its own. Those of a client: --client ID`
        : `The client ${options.client} has no roles. Those of the realm: leave --client out`,
  )
}

/** `cloakwright roles members`. */
export async function members(name: string, options: Options): Promise<void> {
  const admin = connect(options)
  const { clients, roles } = admin.client
  const id = options.client === undefined ? undefined : await findClientId(admin, options.client)
  await requireRole(admin, name, options.client)
  const found = items((page) =>
    id === undefined
      ? roles.findUsersWithRole({ name, ...page })
      : clients.findUsersWithRole({ id, roleName: name, ...page }),
  )
  await printList(
    found,
    userColumns,
    options.json === true,
    () =>
      `No user was granted the role ${name}${options.client === undefined ? '' : ` of ${options.client}`} itself; groups and composite roles may give it`,
  )
}
