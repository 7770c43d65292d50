import { type Command, Option } from 'commander'
import { collect, destroys, examples, reads, writes } from '../../options/index.ts'

const formats = ['csv', 'ndjson', 'keycloak'] as const

/** Adds the options of a job on a file of users. */
export function jobOptions(command: Command, name = ''): Command {
  return command
    .addOption(new Option('--format <name>', 'file format (default: by extension)').choices(formats))
    .option('--journal <file>', `journal of the job, to resume and undo it (default: FILE${name}.journal)`)
    .option('--rejected <file>', `new file for rejected rows (default: FILE${name}.rejected.ndjson)`)
}

const fileArgument = [
  '<file>',
  'CSV with a header row, NDJSON, or a Keycloak export (file or folder)',
] as const

/** How such a job stops and ends. */
export const jobHelp: string = `
Ctrl+C stops the job cleanly, and a kill -9 loses nothing. Run the same command again to resume.

Exit codes:
  0  every row was done
  3  some rows were rejected`

/** The columns of a file for the import. The other jobs read the same ones. */
const columnsHelp = `
Columns of a CSV file (username is required, an empty cell sets nothing):
  username, email, firstName, lastName, id   strings
  enabled, emailVerified                     true or false (a user is enabled by default)
  realmRoles, requiredActions                admin;editor
  clientRoles                                shop:buyer;shop:seller
  groups                                     /staff/editors;/on-call (~/ is a slash in a name)
  attributes.NAME                            one column per attribute, with ; between values
  attributes                                 more attributes as JSON: {"team":["red"]}
  password                                   permanent password
  temporaryPassword                          password to change at the first sign-in

Differences between existing users and the file are reported.
A dry run also checks that the credentials have all required roles.`

/** Additional meanings of an import's exit code, below those of {@link jobHelp}. */
const importExitHelp = `     or an existing user differs from the file
     or an attribute was stored that no one can read`

/** Adds the commands on many users. */
export function addUserJobs(users: Command): void {
  addImport(users)
  addAssign(users)
  addExport(users)
  addUndo(users)
}

function addImport(users: Command): void {
  examples(
    writes(
      jobOptions(
        users
          .command('import')
          .description(
            'Create the users of a file, with roles, groups and passwords. Existing users are left unchanged.',
          )
          .argument(...fileArgument),
      ),
    )
      .addHelpText('after', columnsHelp)
      .addHelpText('after', `${jobHelp}\n${importExitHelp}`),
    'cloakwright users import people.csv --dry-run',
    'cloakwright users import people.csv',
    'cloakwright users undo people.csv.journal',
  ).action(async (file, options) => (await import('./user-import.ts')).importFile(file, options))
}

function addAssign(users: Command): void {
  examples(
    writes(
      jobOptions(
        users
          .command('assign')
          .description(
            'Add roles and groups to the users of a file: from the options, or else from each row.',
          )
          .argument(...fileArgument)
          .option('--role <name>', 'realm role to grant; repeatable', collect)
          .option('--client-role <client:role>', 'client role to grant; repeatable', collect)
          .option('--group <path>', 'group to join; repeatable', collect),
        '.assign',
      ),
    ).addHelpText('after', jobHelp),
    'cloakwright users assign joiners.csv --role reader --group /staff',
  ).action(async (file, options) => (await import('./user-jobs.ts')).assign(file, options))
}

function addExport(users: Command): void {
  examples(
    reads(
      users
        .command('export')
        .description('Export users with attributes, roles and groups for import, without passwords.')
        .addOption(new Option('--format <name>', 'file format').choices(['csv', 'ndjson']).default('csv'))
        .option('--out <file>', 'new file to write, readable only by you (default: standard output)')
        .option('--search <text>', 'only users whose user name, e-mail or name begins with the text')
        .addOption(
          new Option('--email <text>', 'only users whose e-mail address contains the text').conflicts(
            'search',
          ),
        )
        .addOption(
          new Option('--attribute <name=value>', 'only users with this attribute').conflicts('search'),
        )
        .option('--disabled', 'only disabled users'),
    ),
    'cloakwright users export --out people.csv',
    'cloakwright users export --format ndjson | gzip > people.ndjson.gz',
  ).action(async (options) => (await import('./user-export.ts')).exportAll(options))
}

function addUndo(users: Command): void {
  examples(
    destroys(
      users
        .command('undo')
        .description('Undo a job. Users who existed before the job are not deleted.')
        .argument('<journal>', 'journal of the job'),
    ),
    'cloakwright users undo people.csv.journal --dry-run',
  ).action(async (journal, options) => (await import('./user-jobs.ts')).undo(journal, options))
}
