import type RealmRepresentation from '@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js'
import type { Admin } from '../admin.ts'
import { isObject } from './check.ts'
import { changedFields, merged, without } from './compare.ts'
import type { FlowBinding, RealmDefinition, RealmSettings } from './model.ts'
import { create, found, type Step, update } from './step.ts'

export async function readSettings(
  { client }: Admin,
  { realm }: RealmDefinition,
): Promise<RealmRepresentation | undefined> {
  return (await client.realms.findOne({ realm })) ?? undefined
}

export function diffSettings(definition: RealmDefinition, current: RealmRepresentation | undefined): Step[] {
  const { realm } = definition
  const wanted = without(settingsOf(definition), ...bindings)
  if (current === undefined) {
    return [
      create(
        'realm',
        realm,
        async ({ client }) => void (await client.realms.create({ enabled: true, ...wanted, realm })),
      ),
    ]
  }
  return update('realm', realm, changedFields(wanted, current), (admin) => write(admin, realm, wanted))
}

/** The flows that a realm uses are bound last, when they are complete. */
export function diffBindings(definition: RealmDefinition, current: RealmRepresentation | undefined): Step[] {
  const { realm } = definition
  const wanted = Object.fromEntries(bindings.map((field) => [field, definition[field]]))
  return update('realm', realm, changedFields(wanted, current), (admin) => write(admin, realm, wanted))
}

const bindings = [
  'browserFlow',
  'clientAuthenticationFlow',
  'directGrantFlow',
  'registrationFlow',
  'resetCredentialsFlow',
] as const satisfies readonly FlowBinding[]

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

/** Keycloak leaves the fields alone that a PUT of a realm does not have, but replaces each map as a whole. */
async function write({ client }: Admin, realm: string, wanted: object): Promise<void> {
  const current = found(await client.realms.findOne({ realm }), `realm ${realm}`)
  const maps = Object.fromEntries(
    Object.entries(current).filter(([field, value]) => field in wanted && isObject(value)),
  )
  await client.realms.update({ realm }, { ...merged(maps, wanted), realm })
}
