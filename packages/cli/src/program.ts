import { Command, Option } from 'commander'
import { collect, toPort, toSeconds, toServer } from './arguments.ts'
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
  addToken(program)
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
    .option('--out <file>', 'the declaration file to write: src/realm-roles.d.ts (default: standard output)')
    .addHelpText('after', `${administratorHelp}, on this machine only).`)
    .action(async (options) => (await import('./commands/realm.ts')).types(options))
}

function addToken(program: Command): void {
  program
    .command('token')
    .description('Look into a token.')
    // A token that is given by mistake is not repeated.
    .configureOutput({ outputError: (text, write) => write(text.replaceAll(tokens, 'TOKEN')) })
    .command('explain')
    .description('Say step by step what a verifier, and a policy, say of a token; never its signature.')
    .requiredOption('--issuer <url>', "the realm's public address: https://HOST/realms/REALM")
    .requiredOption('--audience <name>', 'what the service is called in `aud`; repeatable', collect)
    .option('--token-file <file>', 'where the token is (default: standard input)')
    .option('--role <name>', 'needs the realm role; repeatable', collect)
    .option('--client-role <client:role>', "needs the client's role; repeatable", collect)
    .option('--scope <name>', 'needs the scope; repeatable', collect)
    .option('--group <path>', 'needs the group; repeatable', collect)
    .option('--organization <alias>', 'needs the organization; repeatable', collect)
    .option('--acr <value>', 'needs a login of this class; repeatable: of one of these', collect)
    .option('--max-age <seconds>', 'needs a login at most so long ago', toSeconds)
    .option('--permission <resource#scope,scope>', 'needs the permission; repeatable', collect)
    .option('--policy <module#name>', 'needs the policy that a JavaScript module exports')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      `
All that is given must hold. Permissions are asked of the realm, of the first audience's authorization settings.
Ends with 0 where the token is allowed, with 1 where it is refused.`,
    )
    .action(async (options) => (await import('./commands/token.ts')).explain(options))
}

const tokens = /[\w-]{10,}\.[\w-]{10,}\.[\w-]*/g
