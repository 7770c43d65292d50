import type { Command } from 'commander'
import { collect, destroys, examples, reads, userHelp, writes } from '../../options/index.ts'

const clientOption = ['--client <id>', "of this client (default: the realm's own roles)"] as const

/** `cloakwright roles`. */
export function addRoles(program: Command): void {
  const roles = examples(
    program.command('roles').description('Give roles to users and groups, take them, list who has one.'),
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
        .description('List the roles: name, composite or not, description.')
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
        .description(
          'List who has a role: whom it was granted itself, or with --effective everyone, and how.',
        )
        .argument('<role>', "the role's name")
        .option('--effective', 'also by a group, a group above it, a composite role or the default role')
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
        .description('Create a role. One that exists is an error, or with --update is changed to match.')
        .argument('<role>', "the role's name")
        .option(...clientOption)
        .option('--description <text>', 'what it is for')
        .option('--attribute <name=value>', 'attribute; repeatable', collect)
        .option('--includes <role>', 'who has it has this realm role too; repeatable', collect)
        .option(
          '--includes-client-role <client:role>',
          "who has it has this client's role too; repeatable",
          collect,
        )
        .option('--update', 'change an existing role to match what is given'),
    ),
    'cloakwright roles create stock-keeper --client shop-api --description "Counts the stock"',
  ).action(async (role, options) => (await import('./role-changes.ts')).create(role, options))
}

function addDelete(roles: Command): void {
  examples(
    destroys(
      roles
        .command('delete')
        .description('Delete a role, and take it from all who have it.')
        .argument('<role>', "the role's name")
        .option(...clientOption),
    ),
    'cloakwright roles delete stock-keeper --client shop-api --yes',
  ).action(async (role, options) => (await import('./role-changes.ts')).destroy(role, options))
}

function addGranting(roles: Command): void {
  for (const [name, description] of [
    ['grant', 'Give roles to a user, or to everyone in a group.'],
    ['revoke', 'Take roles from a user, or from everyone in a group.'],
  ] as const) {
    examples(
      writes(
        roles
          .command(name)
          .description(description)
          .usage(
            `[options] <user> <role...>\n       cloakwright roles ${name} [options] --group <path> <role...>`,
          )
          .argument('<user>', `${userHelp}; none with --group`)
          .argument('[role...]', "the roles' names")
          .option('--group <path>', 'everyone in this group and in those within it: /staff')
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
--group maps the roles to the group, not to each member: whoever joins it later has them too, whoever leaves it loses
them. To give them to the members of today for good, name the users, or a file: cloakwright users assign.`,
  revoke: `
A role that a group or another role brings too stays: it ends with 3 then, with 1 if nothing was taken. Who has it by what:
cloakwright roles members ROLE --effective`,
} as const
