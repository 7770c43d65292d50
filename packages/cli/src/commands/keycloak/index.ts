import type { Command } from 'commander'
import { keycloakVersion } from '../../keycloak-release.ts'
import { administratorHelp, realmOption, realmOptionHelp } from '../../options/index.ts'

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
