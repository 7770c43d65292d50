import { type Command, Option } from 'commander'
import { collect, destroys, examples, reads, writes } from '../../options/index.ts'

const formats = ['csv', 'ndjson', 'keycloak'] as const

/** The options of a job that works on a file of users. */
export function jobOptions(command: Command, name = ''): Command {
  return command
    .addOption(new Option('--format <name>', "of the file (default: by its name's end)").choices(formats))
    .option('--journal <file>', `what was done, to resume and to undo (default: FILE${name}.journal)`)
    .option('--rejected <file>', `rows that could not be used (default: FILE${name}.rejected.ndjson)`)
}

const fileArgument = [
  '<file>',
  "CSV with column names, NDJSON, or a Keycloak export's file or folder",
] as const

/** What the help says of such a job. */
export const jobHelp: string = `
The job of a file: Ctrl+C stops it cleanly, and kill -9 loses nothing: run the same command again to resume.
Ends with 0 when every row was done, with 3 when some were rejected.`

/** What the help says of a file for the import; the same columns are read by the other jobs. */
const columnsHelp = `
Columns of a CSV file; username is required, an empty cell says nothing:
  username, email, firstName, lastName, id   texts
  enabled, emailVerified                     true or false (default: enabled)
  realmRoles, requiredActions                admin;editor
  clientRoles                                shop:buyer;shop:seller
  groups                                     /staff/editors;/on-call (a slash within a name is ~/)
  attributes.NAME                            a column for each attribute, several values with ; between them
  attributes                                 other attributes as JSON: {"team":["red"]}
  password                                   the password itself; it lasts
  temporaryPassword                          the same, to be changed at the first sign-in
Users of these names who exist already are left unchanged; what differs is reported.
A dry run checks that the credentials may do all of it. An import ends with 3 too where existing users differ from the
file, or an attribute is stored that no one can read.`

/** What `cloakwright users` does to many users. */
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
            'Create the users of a file, with roles, groups and passwords; existing users are left unchanged.',
          )
          .argument(...fileArgument),
      ),
    )
      .addHelpText('after', columnsHelp)
      .addHelpText('after', jobHelp),
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
          .description("Give the users of a file these roles and groups; without any, each row's own.")
          .argument(...fileArgument)
          .option('--role <name>', 'this realm role; repeatable', collect)
          .option('--client-role <client:role>', "this client's role; repeatable", collect)
          .option('--group <path>', 'this group; repeatable', collect),
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
        .description(
          'Write the users with attributes, roles and groups, as import reads them; never a password.',
        )
        .addOption(new Option('--format <name>', 'CSV or NDJSON').choices(['csv', 'ndjson']).default('csv'))
        .option('--out <file>', 'where to, readable by you alone (default: standard output)')
        .option('--search <text>', 'of users whose user name, e-mail or names begin with it')
        .addOption(
          new Option('--email <text>', 'of users whose e-mail address contains it').conflicts('search'),
        )
        .addOption(new Option('--attribute <name=value>', 'of users with this attribute').conflicts('search'))
        .option('--disabled', 'of users who are disabled'),
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
        .description('Undo what a job did, by its journal; users who existed before the job stay.')
        .argument('<journal>', 'the journal of the job'),
    ),
    'cloakwright users undo people.csv.journal --dry-run',
  ).action(async (journal, options) => (await import('./user-jobs.ts')).undo(journal, options))
}
