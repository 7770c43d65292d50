import { type Command, Option } from 'commander'
import {
  administratorHelp,
  allowHttpOption,
  examples,
  profileOption,
  realmNameOption,
  realmOption,
  realmOptionHelp,
  records,
  serverOption,
  toServer,
} from '../../options/index.ts'

/** `cloakwright realm`. */
export function addRealm(program: Command): void {
  const realm = program
    .command('realm')
    .description('Manage a realm as code: plan and apply its definition, export a live realm.')
  const plan = realm
    .command('plan')
    .description('Show what apply would change, with the values before and after. Changes nothing.')
  examples(
    defines(plan).addHelpText('after', readerHelp).addHelpText('after', planHelp),
    'cloakwright realm plan --realm realm.mjs',
    'cloakwright realm plan --realm staging.json --target production --profile production',
  ).action(async (options) => (await import('./realm-apply.ts')).plan(options))
  const apply = realm
    .command('apply')
    .description('Apply the definition to the realm: make the changes that plan shows.')
  examples(
    records(defines(apply)).addHelpText('after', writerHelp),
    'cloakwright realm apply --realm realm.mjs --dry-run',
    "cloakwright realm apply --realm realm.mjs --audit trail.ndjson --reason 'release 7'",
  ).action(async (options) => (await import('./realm-apply.ts')).apply(options))
  addExport(realm)
  addTypes(realm)
}

/** The roles that the credentials of a profile need. */
const readerHelp = `
Required roles of the client realm-management:
  view-realm, view-clients and view-users`

const writerHelp = `
Required roles of the client realm-management:
  manage-realm, manage-clients and manage-users
To create the realm: the role create-realm of the realm master.`

const planHelp = `
Exit codes:
  0  the realm matches its definition
  1  the plan failed, or the definition refers to something that does not exist
  2  apply would change something; also a usage error, which prints nothing on standard output

JSON: {"dryRun": true, "realm", "changes": [{"action": "create" or "update", "kind", "name",
"fields", "before", "after"}]}. before and after have one member for each name in fields.
For a created object, after is the whole object.`

function addExport(realm: Command): void {
  examples(
    connects(
      realm
        .command('export')
        .description('Write a live realm as a definition for plan and apply, without secrets.')
        .option(...realmNameOption)
        .option('--out <file>', 'new JSON file to write (default: standard output)')
        .option('--users', 'include the users, without passwords (default: no users)'),
    ).addHelpText('after', readerHelp),
    'cloakwright realm export --realm staging --out staging.json',
  ).action(async (options) => (await import('./realm-export.ts')).exportLive(options))
}

function addTypes(realm: Command): void {
  examples(
    realm
      .command('types')
      .description('Write the roles as TypeScript types, so that a mistyped role does not compile.')
      .option(
        realmOption,
        'realm definition, or Keycloak export in a .json file (default: the live realm KEYCLOAK_REALM)',
      )
      .addOption(new Option(...serverOption).argParser(toServer).conflicts('realm'))
      .addOption(new Option(...profileOption).conflicts('realm'))
      .option(...allowHttpOption)
      .option('--out <file>', 'declaration file to write (default: standard output)')
      .addHelpText('after', administratorHelp),
    'cloakwright realm types --realm realm.mjs --out src/realm-roles.d.ts',
  ).action(async (options) => (await import('./realm-types.ts')).types(options))
}

/** Adds the options of a command that takes a definition. */
function defines(command: Command): Command {
  return connects(command)
    .requiredOption(realmOption, `realm definition: ${realmOptionHelp}`)
    .option('--target <name>', 'name of the realm to change (default: the name in the definition)')
    .option('--json', 'print one JSON document')
}

/** Adds the options of the connection. */
function connects(command: Command): Command {
  return command
    .option(...serverOption, toServer)
    .option(...profileOption)
    .option(...allowHttpOption)
    .addHelpText('after', administratorHelp)
}
