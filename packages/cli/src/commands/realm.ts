import { applyPlan, createAdmin, describeChange, planRealm } from '@cloakwright/admin'
import { CloakwrightError } from 'cloakwright'
import { Command } from 'commander'
import { loadDefinition } from '../definition.ts'
import { administrator } from '../environment.ts'
import { print } from '../output.ts'

interface Options {
  readonly server?: string
  readonly realm: string
}

/** `cloakwright realm plan|apply`: what would change in a realm, and the change. */
export function realmCommand(): Command {
  const realm = new Command('realm').description(
    'The realm as code: compare it with its definition, bring it into line.',
  )
  for (const [name, description, action] of [
    ['plan', 'Say what apply would change; change nothing.', plan],
    ['apply', 'Bring the realm into line with its definition.', apply],
  ] as const) {
    realm
      .command(name)
      .description(description)
      .option('--server <url>', "Keycloak's base URL (default: KEYCLOAK_SERVER)")
      .requiredOption('--realm <module>', 'the module whose default export is (env) => RealmDefinition')
      .addHelpText(
        'after',
        '\nThe administrator: KC_BOOTSTRAP_ADMIN_USERNAME and KC_BOOTSTRAP_ADMIN_PASSWORD (admin/admin on this machine).',
      )
      .action(action)
  }
  return realm
}

async function plan(options: Options): Promise<void> {
  const { admin, definition } = await prepare(options)
  const { changes } = await planRealm(admin, definition)
  for (const change of changes) print(describeChange(change))
  print(changes.length === 0 ? `${definition.realm} is in line` : `${changes.length} to change`)
}

async function apply(options: Options): Promise<void> {
  const { admin, definition } = await prepare(options)
  const changes = await applyPlan(admin, await planRealm(admin, definition))
  for (const change of changes) print(describeChange(change))
  print(changes.length === 0 ? `${definition.realm} was in line already` : `${changes.length} changed`)
}

async function prepare(options: Options) {
  const server = options.server ?? process.env['KEYCLOAK_SERVER']
  if (!server) {
    throw new CloakwrightError(
      'CW_CONFIG_MISSING',
      'neither --server nor KEYCLOAK_SERVER says which Keycloak',
      {
        hint: 'Add --server with its base URL, for example --server http://localhost:8080',
      },
    )
  }
  const definition = await loadDefinition(options.realm)
  return { admin: createAdmin({ server, credentials: administrator(server) }), definition }
}
