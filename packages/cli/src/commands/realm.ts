import { applyPlan, createAdmin, describeChange, planRealm } from '@cloakwright/admin'
import { loadDefinition } from '../definition.ts'
import { administrator, keycloakServer } from '../environment.ts'
import { print } from '../output.ts'

interface Options {
  readonly server?: string
  readonly realm: string
}

/** `cloakwright realm plan`: what would change. */
export async function plan(options: Options): Promise<void> {
  const { admin, definition } = await prepare(options)
  const { changes } = await planRealm(admin, definition)
  for (const change of changes) print(describeChange(change))
  print(changes.length === 0 ? `${definition.realm} is in line` : `${changes.length} to change`)
}

/** `cloakwright realm apply`: what would change, and the change. */
export async function apply(options: Options): Promise<void> {
  const { admin, definition } = await prepare(options)
  const changes = await applyPlan(admin, await planRealm(admin, definition))
  for (const change of changes) print(describeChange(change))
  print(changes.length === 0 ? `${definition.realm} was in line already` : `${changes.length} changed`)
}

async function prepare(options: Options) {
  const server = options.server ?? keycloakServer()
  const definition = await loadDefinition(options.realm)
  return { admin: createAdmin({ server, credentials: administrator(server) }), definition }
}
