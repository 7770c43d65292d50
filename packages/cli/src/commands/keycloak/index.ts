import { type Command, Option } from 'commander'
import { keycloakVersion } from '../../keycloak-release.ts'
import { administratorHelp, realmOption, realmOptionHelp } from '../../options/realm-option.ts'
import { toPort } from '../../options/value-parsers.ts'

/** `cloakwright devrealm`. */
export function addDevrealm(program: Command): void {
  program
    .command('devrealm')
    .description('Run the embedded Keycloak-compatible realm (loopback only, no Java, no Docker).')
    .option('--port <number>', 'where it listens', toPort, 8080)
    .option('--memory', 'keep nothing; by default its state is kept under CLOAKWRIGHT_HOME/devrealm')
    .option('--import <file...>', 'add the realms of Keycloak exports (JSON): all of them, or none')
    .addOption(
      new Option(
        '--import-strategy <name>',
        'what --import does with a realm that exists; users and sessions go with it',
      )
        .choices(['skip', 'replace'])
        .default('skip'),
    )
    .addHelpText('after', `${administratorHelp}), taken when the state is made.`)
    .action(async (options) => (await import('../devrealm/devrealm-run.ts')).devrealm(options))
}

/** `cloakwright keycloak`. */
export function addKeycloak(program: Command): void {
  program
    .command('keycloak')
    .description(`Run the real Keycloak ${keycloakVersion} on KEYCLOAK_PORT (8080), loopback only.`)
    .option(realmOption, `apply this realm: ${realmOptionHelp}`)
    .addHelpText(
      'after',
      `
It runs the distribution of KEYCLOAK_HOME; when that is unset, the one of Maven Central, which is fetched once.
It needs Java 17 or newer. Its state is kept under CLOAKWRIGHT_HOME/keycloak.
${administratorHelp}), taken when the state is made.`,
    )
    .action(async (options) => (await import('./keycloak-run.ts')).keycloak(options))
}
