import type { Command } from 'commander'
import { keycloakVersion } from '../../keycloak-release.ts'
import { bootstrapHelp, examples, realmOption, realmOptionHelp } from '../../options/index.ts'

/** `cloakwright keycloak`. */
export function addKeycloak(program: Command): void {
  examples(
    program
      .command('keycloak')
      .description(`Run the real Keycloak ${keycloakVersion} on KEYCLOAK_PORT (8080), loopback only.`)
      .option(realmOption, `realm definition to apply: ${realmOptionHelp}`)
      .addHelpText(
        'after',
        `
Runs the distribution in KEYCLOAK_HOME. If that is unset, Maven downloads one from Maven Central,
once. Needs Java 17 or newer. The state is in CLOAKWRIGHT_HOME/keycloak.
${bootstrapHelp}`,
      ),
    'cloakwright keycloak --realm realm.mjs',
    'KEYCLOAK_PORT=8081 cloakwright keycloak',
  ).action(async (options) => (await import('./keycloak-run.ts')).keycloak(options))
}
