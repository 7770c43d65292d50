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
  toServer,
} from '../../options/index.ts'

const serverHelp =
  "Keycloak's base URL (default: KEYCLOAK_SERVER, else http://localhost on KEYCLOAK_PORT or 8080)"

/** `cloakwright realm`. */
export function addRealm(program: Command): void {
  const realm = program
    .command('realm')
    .description('The realm as code: plan what its definition would change, apply it, export a live realm.')
  const plan = realm
    .command('plan')
    .description('Say what apply would change, with the values before and after; change nothing.')
  examples(
    defines(plan).addHelpText('after', readerHelp).addHelpText('after', planHelp),
    'cloakwright realm plan --realm realm.mjs',
    'cloakwright realm plan --realm staging.json --target production --profile production',
  ).action(async (options) => (await import('./realm-apply.ts')).plan(options))
  const apply = realm.command('apply').description('Apply the definition to its realm: make what plan says.')
  examples(
    records(defines(apply)).addHelpText('after', writerHelp),
    'cloakwright realm apply --realm realm.mjs --dry-run',
    "cloakwright realm apply --realm staging.json --target production --audit trail.ndjson --reason 'release 7'",
  ).action(async (options) => (await import('./realm-apply.ts')).apply(options))
  addExport(realm)
  addTypes(realm)
}

/** What a profile's credentials need, by realm-management. */
const readerHelp = `
The credentials need view-realm, view-clients and view-users of the client realm-management.`

const writerHelp = `
The credentials need manage-realm, manage-clients and manage-users of the client realm-management; to create the realm,
create-realm of the realm master.`

const planHelp = `
It ends with 0 where the realm matches its definition, with 2 where apply would change something, with 1 where it
failed or the definition refers to what neither it nor the realm has. (A wrong command line ends with 2 too, and prints
nothing on standard output.) --json: {"dryRun": true, "realm", "changes": [{"action": "create" or "update", "kind",
"name", "fields", "before", "after"}]}; before and after are by the names in fields, of what is created the whole object.`

function addExport(realm: Command): void {
  examples(
    connects(
      realm
        .command('export')
        .description('Write a live realm as a definition, without users and secrets; plan and apply take it.')
        .option(...realmNameOption)
        .option('--out <file>', 'the new JSON file to write (default: standard output)')
        .option('--users', 'the users too, without passwords'),
    ).addHelpText('after', readerHelp),
    'cloakwright realm export --realm staging --out staging.json',
  ).action(async (options) => (await import('./realm-export.ts')).exportLive(options))
}

function addTypes(realm: Command): void {
  realm
    .command('types')
    .description('Write the roles as types, so that a mistyped role does not compile.')
    .option(
      realmOption,
      "of this definition, or of Keycloak's export (a .json file); default: of the live realm",
    )
    .addOption(
      new Option(
        '--server <url>',
        'where the live realm KEYCLOAK_REALM (cloakwright) is (default: as for plan)',
      )
        .argParser(toServer)
        .conflicts('realm'),
    )
    .addOption(new Option(...profileOption).conflicts('realm'))
    .option(...allowHttpOption)
    .option('--out <file>', 'the declaration file to write: src/realm-roles.d.ts (default: standard output)')
    .addHelpText('after', `${administratorHelp}, on this machine only).`)
    .action(async (options) => (await import('./realm-types.ts')).types(options))
}

/** A command that takes a definition. */
function defines(command: Command): Command {
  return connects(command)
    .requiredOption(realmOption, realmOptionHelp)
    .option('--target <name>', "the realm's name, where it is not the one in the definition")
    .option('--json', 'for programs: one JSON document')
}

/** Which server, and who administers it. */
function connects(command: Command): Command {
  return command
    .option('--server <url>', serverHelp, toServer)
    .option(...profileOption)
    .option(...allowHttpOption)
    .addHelpText('after', `${administratorHelp}, on this machine only).`)
}
