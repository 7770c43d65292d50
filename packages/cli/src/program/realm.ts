import { type Command, Option } from 'commander'
import { toServer } from '../arguments.ts'
import { profileOption } from './options.ts'
import { administratorHelp, realmOption } from './realm-option.ts'

/** `cloakwright realm`. */
export function addRealm(program: Command): void {
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
      .option(...profileOption)
      .requiredOption(realmOption, 'the module whose default export is (env) => RealmDefinition')
      .addHelpText('after', `${administratorHelp}, on this machine only).`)
      .action(async (options) => (await import('../commands/realm.ts'))[name](options))
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
    .addOption(new Option(...profileOption).conflicts('realm'))
    .option('--out <file>', 'the declaration file to write: src/realm-roles.d.ts (default: standard output)')
    .addHelpText('after', `${administratorHelp}, on this machine only).`)
    .action(async (options) => (await import('../commands/realm.ts')).types(options))
}
