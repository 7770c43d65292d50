import type { Command } from 'commander'
import { collect, destroys, examples, reads, userHelp, writes } from '../../options/index.ts'

const clientOption = ['--client <id>', 'client that owns the role (default: realm roles)'] as const

/** `cloakwright roles`. */
export function addRoles(program: Command): void {
  const roles = examples(
    program.command('roles').description('Create, grant and revoke roles, list who has a role.'),
    'cloakwright roles list',
    'cloakwright roles grant alice editor',
    'cloakwright roles grant --group /staff editor',
    'cloakwright roles members editor --effective',
  )
  addList(roles)
  addMembers(roles)
  addCreate(roles)
  addDelete(roles)
  addGranting(roles)
}

function addList(roles: Command): void {
  examples(
    reads(
      roles
        .command('list')
        .description('List roles: name, composite or not, description.')
        .option(...clientOption),
    ),
    'cloakwright roles list --client shop-api',
  ).action(async (options) => (await import('./role-list.ts')).list(options))
}

function addMembers(roles: Command): void {
  examples(
    reads(
      roles
        .command('members')
        .description('List the users who have a role directly, or with --effective in any way.')
        .argument('<role>', 'name of the role')
        .option('--effective', 'include roles that come from a group, a composite role or the default role')
        .option(...clientOption),
    ),
    'cloakwright roles members editor --effective',
    'cloakwright roles members stock-keeper --client shop-api',
  ).action(async (role, options) => (await import('./role-list.ts')).members(role, options))
}

function addCreate(roles: Command): void {
  examples(
    writes(
      roles
        .command('create')
        .description('Create a role. Fails if the role exists, unless --update is given.')
        .argument('<role>', 'name of the role')
        .option(...clientOption)
        .option('--description <text>', 'description of the role')
        .option('--attribute <name=value>', 'attribute; repeatable', collect)
        .option('--includes <role>', 'realm role to include (composite role); repeatable', collect)
        .option(
          '--includes-client-role <client:role>',
          'client role to include (composite role); repeatable',
          collect,
        )
        .option('--update', 'update an existing role to match the options'),
    ),
    'cloakwright roles create stock-keeper --client shop-api --description "Counts the stock"',
  ).action(async (role, options) => (await import('./role-changes.ts')).create(role, options))
}

function addDelete(roles: Command): void {
  examples(
    destroys(
      roles
        .command('delete')
        .description('Delete a role and remove it from everyone who has it.')
        .argument('<role>', 'name of the role')
        .option(...clientOption),
    ),
    'cloakwright roles delete stock-keeper --client shop-api --yes',
  ).action(async (role, options) => (await import('./role-changes.ts')).destroy(role, options))
}

function addGranting(roles: Command): void {
  for (const [name, description] of [
    ['grant', 'Grant roles to a user, or to everyone in a group.'],
    ['revoke', 'Revoke roles from a user, or from everyone in a group.'],
  ] as const) {
    examples(
      writes(
        roles
          .command(name)
          .description(description)
          .usage(
            `[options] <user> <role...>\n       cloakwright roles ${name} [options] --group <path> <role...>`,
          )
          .argument('<user>', `${userHelp}; omit it with --group`)
          .argument('[role...]', 'names of the roles')
          .option('--group <path>', 'everyone in this group and its subgroups, such as /staff')
          .option(...clientOption),
      ).addHelpText('after', groupHelp[name]),
      `cloakwright roles ${name} alice editor`,
      `cloakwright roles ${name} alice stock-keeper --client shop-api`,
      `cloakwright roles ${name} --group /staff editor`,
    ).action(async (user, names, options) => (await import('./role-grants.ts'))[name](user, names, options))
  }
}

const groupHelp = {
  grant: `
--group maps the roles to the group, not to each member. Users who join later get the roles, users
who leave lose them. To grant roles to the current members permanently, name the users, or use a
file: cloakwright users assign.`,
  revoke: `
A user keeps a role that also comes from a group or another role. To see where it comes from:
cloakwright roles members ROLE --effective

Exit codes:
  0  the roles were revoked
  1  nothing was revoked
  3  some roles were revoked, the user keeps others`,
} as const
