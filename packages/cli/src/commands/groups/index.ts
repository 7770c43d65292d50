import type { Command } from 'commander'
import { collect, destroys, examples, reads, userArgument, writes } from '../../options/index.ts'

/** `cloakwright groups`. */
export function addGroups(program: Command): void {
  const groups = examples(
    program
      .command('groups')
      .description(
        'Put users into groups, take them out, list who is in one; create, move and delete groups.',
      ),
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
    reads(groups.command('list').description('List all groups, those within others too: path, id.')),
    'cloakwright groups list | cut -f1',
  ).action(async (options) => (await import('./group-list.ts')).list(options))
}

function addMembers(groups: Command): void {
  examples(
    reads(
      groups
        .command('members')
        .description("List a group's own members, not those of the groups within it.")
        .argument('<path>', 'the path of the group, /staff/editors (a slash within a name is ~/), or id:ID'),
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
          'Create a group, and those above it. One that exists is an error, or with --update is changed to match.',
        )
        .argument('<path>', 'its path: /staff/editors; a slash within a name is ~/')
        .option('--description <text>', 'what it is for')
        .option('--attribute <name=value>', 'attribute; repeatable', collect)
        .option('--role <name>', 'its members have this realm role; repeatable', collect)
        .option('--client-role <client:role>', "its members have this client's role; repeatable", collect)
        .option('--update', 'change an existing group to match what is given'),
    ),
    'cloakwright groups create /staff/editors --role editor',
  ).action(async (path, options) => (await import('./group-changes.ts')).create(path, options))
}

function addDelete(groups: Command): void {
  examples(
    destroys(
      groups
        .command('delete')
        .description('Delete a group and all groups within it; their members stay users.')
        .argument('<path>', 'its path (a slash within a name is ~/), or id:ID'),
    ),
    'cloakwright groups delete /staff/editors --yes',
  ).action(async (path, options) => (await import('./group-changes.ts')).destroy(path, options))
}

function addMove(groups: Command): void {
  examples(
    writes(
      groups
        .command('move')
        .description('Move a group, and all within it, into another one.')
        .argument('<path>', 'its path (a slash within a name is ~/), or id:ID')
        .argument('<parent>', 'the path of the group that it comes into, or id:ID; / for the top'),
    ),
    'cloakwright groups move /staff/editors /press',
    'cloakwright groups move /press/editors /',
  ).action(async (path, parent, options) => (await import('./group-changes.ts')).move(path, parent, options))
}

function addMemberships(groups: Command): void {
  for (const [name, description] of [
    ['add', 'Add a user to groups.'],
    ['remove', 'Remove a user from groups.'],
    ['set', 'Make these the only groups of a user.'],
  ] as const) {
    examples(
      writes(
        groups
          .command(name)
          .description(description)
          .argument(...userArgument)
          .argument('<path...>', 'the paths of the groups (a slash within a name is ~/), or id:ID'),
      ),
      `cloakwright groups ${name} alice /staff/editors`,
    ).action(async (user, paths, options) => (await import('./group-changes.ts'))[name](user, paths, options))
  }
}
