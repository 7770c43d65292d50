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
      .description('Find, create, disable and delete users, reset passwords, import and export users.'),
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
        .description('List users: user name, e-mail, enabled, id.')
        .option(
          '--search <text>',
          'only users whose user name, e-mail or name begins with the text; *text* anywhere, "text" exactly',
        )
        .addOption(
          new Option('--email <text>', 'only users whose e-mail address contains the text').conflicts(
            'search',
          ),
        )
        .addOption(
          new Option('--attribute <name=value>', 'only users with this attribute').conflicts('search'),
        )
        .option('--disabled', 'only disabled users')
        .option('--memberships', 'include groups and roles')
        .option('--limit <number>', 'maximum number of users (default: all)', toCount),
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
        .description('Show a user with groups and roles.')
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
        .description('Create a user. Fails if the user exists, unless --update is given.')
        .argument('<user>', 'user name')
        .option('--email <address>', 'e-mail address')
        .option('--email-verified', 'mark the e-mail address as verified')
        .option('--first-name <name>', 'first name')
        .option('--last-name <name>', 'last name')
        .option(
          '--attribute <name=value>',
          'attribute; repeatable, also to give one attribute several values',
          collect,
        )
        .option('--group <path>', 'group to join; repeatable', collect)
        .option('--role <name>', 'realm role to grant; repeatable', collect)
        .option('--client-role <client:role>', 'client role to grant; repeatable', collect)
        .option('--required-action <alias>', 'required action at the next sign-in; repeatable', collect)
        .option('--disabled', 'create the user disabled')
        .option('--password', 'set a password: from a prompt on a terminal, else a line of standard input')
        .option('--password-file <file>', 'file with the password')
        .option('--temporary', 'the user must change the password at the first sign-in')
        .option('--update', 'update an existing user to match the options, password included'),
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
          .description('Disable a user, or the users of a file, and end all their sessions.')
          .argument('[user]', userHelp)
          .option('--file <file>', 'file of users: CSV with a column username or email, or NDJSON'),
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
        .description('Delete a user permanently.')
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
        .description('Require a user without a second factor to set up a one-time code at the next sign-in.')
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
        .description('Send a user an e-mail with a link to required actions.')
        .argument(...userArgument)
        .argument('<action...>', 'required actions: UPDATE_PASSWORD, VERIFY_EMAIL, CONFIGURE_TOTP, …')
        .option('--client <id>', 'client to return to after the actions')
        .option('--redirect-uri <url>', 'URL to return to after the actions')
        .option('--lifespan <seconds>', 'lifetime of the link (default: the realm setting)', toSeconds),
    ),
    'cloakwright users send-actions alice UPDATE_PASSWORD',
  ).action(async (user, actions, options) => (await import('./user-changes.ts')).send(user, actions, options))
}
