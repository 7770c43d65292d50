import { effectiveMembers, items, type RoleWay } from '@cloakwright/admin'
import type { JobProgress } from '@cloakwright/admin/jobs'
import { type ConnectionOptions, connect } from '../../connection/index.ts'
import { findClientId, requireRole, userColumns } from '../../lookup/index.ts'
import { endProgress, printList, progress } from '../../terminal/index.ts'

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
        ? `The realm ${admin.realm} has no realm roles. For those of a client: --client ID`
        : `The client ${options.client} has no roles. For realm roles, omit --client`,
  )
}

/** `cloakwright roles members`. */
export async function members(name: string, options: Options & { readonly effective?: true }): Promise<void> {
  if (options.effective === true) return await listEffective(name, options)
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
      `No user was granted the role ${name}${options.client === undefined ? '' : ` of ${options.client}`} directly. To include groups and composite roles: --effective`,
  )
}

async function listEffective(name: string, options: Options): Promise<void> {
  const admin = connect(options)
  const { client } = options
  await requireRole(admin, name, client)
  const role = client === undefined ? { name } : { name, client }
  const found = effectiveMembers(admin, role, { onProgress: showProgress() })
  await printList(
    flat(found),
    [...userColumns, { name: 'how', of: ({ ways }) => ways.map(describeWay).join('; ') }],
    options.json === true,
    () =>
      `No user has the role ${name}${client === undefined ? '' : ` of ${client}`}, directly or through a group or another role`,
  )
  endProgress()
}

async function* flat(members: ReturnType<typeof effectiveMembers>) {
  for await (const { user, ways } of members) yield { ...user, ways }
}

/** Formats the source of a role: `directly`, `by role chief > editor`, `by group /staff, in /staff/desk`. */
function describeWay({ roles, group, within, isDefault }: RoleWay): string {
  const role = `${isDefault === true ? "the realm's default role" : 'role'} ${roles.join(' > ')}`
  const parts = [
    ...(group === undefined ? [] : [`by group ${group}`]),
    ...(within === undefined ? [] : [`in ${within}`]),
    ...(roles.length > 1 ? [`by ${role}`] : []),
  ]
  return parts.join(', ') || 'directly'
}

/** Milliseconds before progress is shown without a terminal. */
const patience = 10_000

function showProgress(): (state: JobProgress) => void {
  const began = performance.now()
  return ({ phase, done, total }) => {
    if (!process.stderr.isTTY && performance.now() - began < patience) return
    progress(`${phase}: ${done}${total === undefined ? '' : ` of ${total}`}`)
  }
}
