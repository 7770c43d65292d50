import { Command } from 'commander'
import { toPort, toServer } from './arguments.ts'
import { keycloakVersion } from './keycloak/release.ts'

const realmOption = '--realm <module>'
const administratorHelp = `
The administrator: KC_BOOTSTRAP_ADMIN_USERNAME, and KC_BOOTSTRAP_ADMIN_PASSWORD or KC_BOOTSTRAP_ADMIN_PASSWORD_FILE
(admin/admin when they are unset`

/** The commands. Each loads what it needs when it runs: help and a mistyped option answer at once. */
export function createProgram(): Command {
  // What `command()` makes inherits how the program ends and what it says about a mistake.
  const program = new Command('cloakwright')
    .description('Keycloak on a laptop, in tests and as code.')
    .version('0.1.0')
    .exitOverride()
    .showHelpAfterError('(add --help for the options)')
  addDevrealm(program)
  addKeycloak(program)
  addRealm(program)
  return program
}

function addDevrealm(program: Command): void {
  program
    .command('devrealm')
    .description('Run the embedded Keycloak-compatible realm (loopback only, no Java, no Docker).')
    .option('--port <number>', 'where it listens', toPort, 8080)
    .option('--memory', 'keep nothing; by default its state is kept under CLOAKWRIGHT_HOME/devrealm')
    .option('--import <file>', 'add the realm of a Keycloak export (JSON), in place of one with its name')
    .addHelpText('after', `${administratorHelp}), taken when the state is made.`)
    .action(async (options) => (await import('./commands/devrealm.ts')).devrealm(options))
}

function addKeycloak(program: Command): void {
  program
    .command('keycloak')
    .description(`Run the real Keycloak ${keycloakVersion} on KEYCLOAK_PORT (8080), loopback only.`)
    .option(
      realmOption,
      'bring this realm into line: a module whose default export is (env) => RealmDefinition',
    )
    .addHelpText(
      'after',
      `
It runs the distribution of KEYCLOAK_HOME; when that is unset, the one of Maven Central, which is fetched once.
It needs Java 17 or newer. Its state is kept under CLOAKWRIGHT_HOME/keycloak.
${administratorHelp}), taken when the state is made.`,
    )
    .action(async (options) => (await import('./commands/keycloak.ts')).keycloak(options))
}

function addRealm(program: Command): void {
  const realm = program
    .command('realm')
    .description('The realm as code: compare it with its definition, bring it into line.')
  for (const [name, description] of [
    ['plan', 'Say what apply would change; change nothing.'],
    ['apply', 'Bring the realm into line with its definition.'],
  ] as const) {
    realm
      .command(name)
      .description(description)
      .option(
        '--server <url>',
        "Keycloak's base URL (default: KEYCLOAK_SERVER, else http://localhost on KEYCLOAK_PORT or 8080)",
        toServer,
      )
      .requiredOption(realmOption, 'the module whose default export is (env) => RealmDefinition')
      .addHelpText('after', `${administratorHelp}, on this machine only).`)
      .action(async (options) => (await import('./commands/realm.ts'))[name](options))
  }
}
