import { type Command, Option } from 'commander'
import { bootstrapHelp, examples, toPort } from '../../options/index.ts'

/** `cloakwright devrealm`. */
export function addDevrealm(program: Command): void {
  examples(
    program
      .command('devrealm')
      .description('Run the embedded Keycloak-compatible realm (loopback only, no Java, no Docker).')
      .option('--port <number>', 'port to listen on', toPort, 8080)
      .option('--memory', 'keep the state in memory only (default: in CLOAKWRIGHT_HOME/devrealm)')
      .option('--import <file...>', 'Keycloak exports (JSON) to import: all of their realms, or none')
      .addOption(
        new Option(
          '--import-strategy <name>',
          'for an existing realm: skip the import, or replace the realm with its users and sessions',
        )
          .choices(['skip', 'replace'])
          .default('skip'),
      )
      .option(
        '--lenient',
        'import also settings that have no effect here, and name them (default: refuse the file)',
      )
      .addHelpText('after', bootstrapHelp),
    'cloakwright devrealm --port 8081 --memory',
    'cloakwright devrealm --import realm-export.json',
  ).action(async (options) => (await import('./devrealm-run.ts')).devrealm(options))
}
