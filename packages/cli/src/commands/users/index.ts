import { type Command, Option } from 'commander'
import {
  collect,
  destroys,
  examples,
  reads,
  toCount,
  toSeconds,
  userArgument,
  userHelp,
  writes,
} from '../../options/index.ts'
import { addResetPassword } from './reset-password-options.ts'
import { addUserJobs, jobHelp, jobOptions } from './user-job-options.ts'

/** `cloakwright users`. */
export function addUsers(program: Command): void {
  const users = examples(
    program
      .command('users')
      .description(
        'Find, create, disable and delete users, reset passwords; import and export them by a file.',
      ),
    'cloakwright users get alice@example.com',
    'cloakwright users reset-password alice --temporary',
    'cloakwright users disable --file leavers.csv',
    'cloakwright users create carol --email carol@example.com --group /staff --role editor',
    'cloakwright users import people.csv --dry-run',
  )
  addList(users)
  addGet(users)
  addCreate(users)
  addResetPassword(users)
  addDisable(users)
  addEnable(users)
  addDelete(users)
  addRequireMfa(users)
  addSendActions(users)
  addUserJobs(users)
}

function addList(users: Command): void {
  examples(
    reads(
      users
        .command('list')
        .description('List the users, page by page to the end: name, e-mail, enabled, id.')
        .option(
          '--search <text>',
          'whose user name, e-mail or names begin with it; *text* anywhere, "text" exactly',
        )
        .addOption(new Option('--email <text>', 'whose e-mail address contains it').conflicts('search'))
        .addOption(new Option('--attribute <name=value>', 'that have this attribute').conflicts('search'))
        .option('--disabled', 'that are disabled')
        .option('--memberships', 'with their groups and roles')
        .option('--limit <number>', 'at most so many', toCount),
    ),
    'cloakwright users list --email example.com --limit 20',
    "cloakwright users list --json | jq -r 'select(.emailVerified | not) | .username'",
  ).action(async (options) => (await import('./user-list.ts')).list(options))
}

function addGet(users: Command): void {
  examples(
    reads(
      users
        .command('get')
        .description('Say what the realm knows of a user: the account, its groups, its roles.')
        .argument(...userArgument),
    ),
    'cloakwright users get alice',
    'cloakwright users get alice@example.com',
    'cloakwright users get id:5c2a1e0e-7a52-4d4a-9b3e-0c8d3f6a7b10 --json',
  ).action(async (user, options) => (await import('./user-list.ts')).get(user, options))
}

function addCreate(users: Command): void {
  examples(
    writes(
      users
        .command('create')
        .description('Create a user. One that exists is an error, or with --update is changed to match.')
        .argument('<user>', 'the user name')
        .option('--email <address>', 'e-mail address')
        .option('--email-verified', 'the address is known to be theirs')
        .option('--first-name <name>', 'first name')
        .option('--last-name <name>', 'last name')
        .option('--attribute <name=value>', 'attribute; repeatable, also for several values of one', collect)
        .option('--group <path>', 'member of this group; repeatable', collect)
        .option('--role <name>', 'has this realm role; repeatable', collect)
        .option('--client-role <client:role>', "has this client's role; repeatable", collect)
        .option('--required-action <alias>', 'must do this at the next login; repeatable', collect)
        .option('--disabled', 'may not log in yet')
        .option('--password', 'set a password: typed unseen on a terminal, else one line of standard input')
        .option('--password-file <file>', 'set the password in this file')
        .option('--temporary', 'the password is to be changed at the first login')
        .option('--update', 'change an existing user to match what is given; a password is replaced'),
    ),
    'cloakwright users create carol --email carol@example.com --role editor --group /staff',
    'cloakwright users create carol --password-file carol.txt --temporary',
  ).action(async (user, options) => (await import('./user-changes.ts')).create(user, options))
}

function addDisable(users: Command): void {
  examples(
    destroys(
      jobOptions(
        users
          .command('disable')
          .description(
            'Disable a user, or those of a file, and end all sessions: the account cannot be used.',
          )
          .argument('[user]', userHelp)
          .option(
            '--file <file>',
            'the users of this file (CSV with a column username, or email in its place; NDJSON)',
          ),
        '.disable',
      ),
    ).addHelpText('after', jobHelp),
    'cloakwright users disable mallory --audit trail.ndjson --reason "left the company"',
    'cloakwright users disable --file leavers.csv --yes',
  ).action(async (user, options) => (await import('./user-changes.ts')).disable(user, options))
}

function addEnable(users: Command): void {
  examples(
    writes(
      users
        .command('enable')
        .description('Enable a user.')
        .argument(...userArgument),
    ),
    'cloakwright users enable mallory',
  ).action(async (user, options) => (await import('./user-changes.ts')).enable(user, options))
}

function addDelete(users: Command): void {
  examples(
    destroys(
      users
        .command('delete')
        .description('Delete a user, for good.')
        .argument(...userArgument),
    ),
    'cloakwright users delete mallory --yes',
  ).action(async (user, options) => (await import('./user-changes.ts')).destroy(user, options))
}

function addRequireMfa(users: Command): void {
  examples(
    writes(
      users
        .command('require-mfa')
        .description('Let a user set up a one-time code at the next login, unless there is a second factor.')
        .argument(...userArgument),
    ),
    'cloakwright users require-mfa alice',
  ).action(async (user, options) => (await import('./user-changes.ts')).mfa(user, options))
}

function addSendActions(users: Command): void {
  examples(
    writes(
      users
        .command('send-actions')
        .description('Send a user an e-mail with a link to do these actions.')
        .argument(...userArgument)
        .argument('<action...>', 'UPDATE_PASSWORD, VERIFY_EMAIL, CONFIGURE_TOTP, …')
        .option('--client <id>', 'the client to which the user goes on')
        .option('--redirect-uri <url>', 'where the user goes on')
        .option('--lifespan <seconds>', 'how long the link works (default: as the realm says)', toSeconds),
    ),
    'cloakwright users send-actions alice UPDATE_PASSWORD',
  ).action(async (user, actions, options) => (await import('./user-changes.ts')).send(user, actions, options))
}
