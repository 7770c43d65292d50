import { type Command, Option } from 'commander'
import { administratorHelp, toPort } from '../../options/index.ts'

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
    .action(async (options) => (await import('./devrealm-run.ts')).devrealm(options))
}
