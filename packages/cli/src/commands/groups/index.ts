import type { Command } from 'commander'
import { collect, destroys, examples, reads, userArgument, writes } from '../../options/index.ts'

const pathHelp = 'path of the group, such as /staff/editors (~/ is a slash in a name), or id:ID'

/** `cloakwright groups`. */
export function addGroups(program: Command): void {
  const groups = examples(
    program
      .command('groups')
      .description('Create, move and delete groups, add and remove users, list members.'),
    'cloakwright groups list',
    'cloakwright groups add alice /staff/editors',
  )
  addList(groups)
  addMembers(groups)
  addCreate(groups)
  addDelete(groups)
  addMove(groups)
  addMemberships(groups)
}

function addList(groups: Command): void {
  examples(
    reads(groups.command('list').description('List all groups, including subgroups: path, id.')),
    'cloakwright groups list | cut -f1',
  ).action(async (options) => (await import('./group-list.ts')).list(options))
}

function addMembers(groups: Command): void {
  examples(
    reads(
      groups
        .command('members')
        .description('List the direct members of a group, without those of its subgroups.')
        .argument('<path>', pathHelp),
    ),
    'cloakwright groups members /staff/editors --json',
  ).action(async (path, options) => (await import('./group-list.ts')).members(path, options))
}

function addCreate(groups: Command): void {
  examples(
    writes(
      groups
        .command('create')
        .description(
          'Create a group and its missing parents. Fails if the group exists, unless --update is given.',
        )
        .argument('<path>', 'path of the group, such as /staff/editors (~/ is a slash in a name)')
        .option('--description <text>', 'description of the group')
        .option('--attribute <name=value>', 'attribute; repeatable', collect)
        .option('--role <name>', 'realm role for the members; repeatable', collect)
        .option('--client-role <client:role>', 'client role for the members; repeatable', collect)
        .option('--update', 'update an existing group to match the options'),
    ),
    'cloakwright groups create /staff/editors --role editor',
  ).action(async (path, options) => (await import('./group-changes.ts')).create(path, options))
}

function addDelete(groups: Command): void {
  examples(
    destroys(
      groups
        .command('delete')
        .description('Delete a group and its subgroups. Their members are not deleted.')
        .argument('<path>', pathHelp),
    ),
    'cloakwright groups delete /staff/editors --yes',
  ).action(async (path, options) => (await import('./group-changes.ts')).destroy(path, options))
}

function addMove(groups: Command): void {
  examples(
    writes(
      groups
        .command('move')
        .description('Move a group and its subgroups into another group.')
        .argument('<path>', pathHelp)
        .argument('<parent>', 'path of the new parent group, or id:ID; / for the top level'),
    ),
    'cloakwright groups move /staff/editors /press',
    'cloakwright groups move /press/editors /',
  ).action(async (path, parent, options) => (await import('./group-changes.ts')).move(path, parent, options))
}

function addMemberships(groups: Command): void {
  for (const [name, description] of [
    ['add', 'Add a user to groups.'],
    ['remove', 'Remove a user from groups.'],
    ['set', 'Set the groups of a user: add these, remove all others.'],
  ] as const) {
    examples(
      writes(
        groups
          .command(name)
          .description(description)
          .argument(...userArgument)
          .argument('<path...>', 'paths of the groups (~/ is a slash in a name), or id:ID'),
      ),
      `cloakwright groups ${name} alice /staff/editors`,
    ).action(async (user, paths, options) => (await import('./group-changes.ts'))[name](user, paths, options))
  }
}
