import { type ConnectionOptions, connect } from '../../connection/index.ts'
import { allGroups, membersOf, userColumns } from '../../lookup/index.ts'
import { printList } from '../../terminal/index.ts'

interface Options extends ConnectionOptions {
  readonly json?: true
}

/** `cloakwright groups list`. */
export async function list(options: Options): Promise<void> {
  const admin = connect(options)
  await printList(
    allGroups(admin),
    [
      { name: 'path', of: ({ path }) => path },
      { name: 'id', of: ({ id }) => id },
    ],
    options.json === true,
    () => `The realm ${admin.realm} has no groups. Create one: cloakwright groups create /NAME`,
  )
}

/** `cloakwright groups members`. */
export async function members(path: string, options: Options): Promise<void> {
  const admin = connect(options)
  await printList(
    membersOf(admin, path),
    userColumns,
    options.json === true,
    () => `The group ${path} has no direct members. To list its subgroups: cloakwright groups list`,
  )
}
