import type { Admin, RealmRepresentation } from '../../client/index.ts'
import { keptInPut } from '../../edit/index.ts'
import { fieldChanges, isObject, merged, without } from '../../fields/index.ts'
import type { RealmDefinition } from '../definition/index.ts'
import { bindings, type RealmSettings } from '../definition/index.ts'
import { found } from './named.ts'
import { create, fieldsOf, type PlannedChange, update } from './planned-change.ts'

export async function readSettings(
  { client }: Admin,
  { realm }: RealmDefinition,
): Promise<RealmRepresentation | undefined> {
  return (await client.realms.findOne({ realm })) ?? undefined
}

export function diffSettings(
  definition: RealmDefinition,
  current: RealmRepresentation | undefined,
): PlannedChange[] {
  const { realm } = definition
  const wanted = without(settingsOf(definition), ...bindings)
  if (current === undefined) {
    const rest = withoutOtpPolicy(wanted)
    const run = ({ client }: Admin) => client.realms.create({ enabled: true, ...rest, realm })
    return [create('realm', realm, [{ changes: fieldsOf(rest), run }])]
  }
  const changes = fieldChanges(wanted, current)
  return update('realm', realm, [{ changes, run: (admin) => write(admin, realm, wanted) }])
}

/** The flows that a realm uses are bound last, when they are complete. */
export function diffBindings(
  definition: RealmDefinition,
  current: RealmRepresentation | undefined,
): PlannedChange[] {
  const { realm } = definition
  const wanted = Object.fromEntries(bindings.map((field) => [field, definition[field]]))
  const changes = fieldChanges(wanted, current)
  return update('realm', realm, [{ changes, run: (admin) => write(admin, realm, wanted) }])
}

const collections = [
  'realm',
  'roles',
  'clientScopes',
  'clients',
  'groups',
  'users',
  'authenticationFlows',
  'requiredActions',
] as const satisfies readonly (keyof RealmDefinition)[]

function settingsOf(definition: RealmDefinition): RealmSettings {
  return without(definition, ...collections)
}

/** Keycloak leaves most fields alone that a PUT of a realm does not have, but replaces each map as a whole, and resets some. */
async function write({ client }: Admin, realm: string, wanted: object): Promise<void> {
  const current = found(await client.realms.findOne({ realm }), `realm ${realm}`)
  const maps = Object.fromEntries(
    Object.entries(current).filter(([field, value]) => field in wanted && isObject(value)),
  )
  const kept = { ...maps, ...keptInPut(current, Object.keys(wanted)) }
  await client.realms.update({ realm }, { ...merged(kept, wanted), realm })
}

/**
 * What a new realm is given. Of a one-time password policy, what is not written with it becomes 0, and a period of 0 makes
 * each login with a one-time password fail: so it is merged into the defaults afterwards.
 */
function withoutOtpPolicy(settings: object): object {
  return Object.fromEntries(Object.entries(settings).filter(([field]) => !field.startsWith('otpPolicy')))
}
