import type { Admin } from '../admin.ts'
import type { ClientScopeRepresentation } from '../representations.ts'
import { changedFields, fieldChanges, merged, without } from './compare.ts'
import { mapperChanges, toMapper, writeMappers } from './mappers.ts'
import type { ClientScopeDefinition, RealmDefinition } from './model.ts'
import { create, found, type Step, update } from './step.ts'

export type ClientScopesState = ReadonlyMap<string, ClientScopeRepresentation>

export async function readClientScopes(
  { client }: Admin,
  { realm, clientScopes }: RealmDefinition,
): Promise<ClientScopesState> {
  // This list of the Admin API knows no pages.
  const scopes = (clientScopes ?? []).length === 0 ? [] : await client.clientScopes.find({ realm })
  return new Map(scopes.map((scope) => [scope.name ?? '', scope]))
}

export function diffClientScopes({ realm, clientScopes }: RealmDefinition, state: ClientScopesState): Step[] {
  return (clientScopes ?? []).flatMap((scope) => {
    const { name, protocolMappers } = scope
    const wanted = { protocol: 'openid-connect', ...without(scope, 'protocolMappers') }
    const current = state.get(name)
    if (current === undefined) {
      return [
        create(
          'client scope',
          name,
          async ({ client }) => {
            const mappers = (protocolMappers ?? []).map(toMapper)
            await client.clientScopes.create({ ...wanted, protocolMappers: mappers, realm })
          },
          { ...wanted, protocolMappers },
        ),
      ]
    }
    const changes = [
      ...fieldChanges(wanted, current),
      ...mapperChanges(protocolMappers, current.protocolMappers),
    ]
    return update('client scope', name, changes, (admin) => write(admin, realm, scope, wanted))
  })
}

async function write(
  { client }: Admin,
  realm: string,
  { name, protocolMappers }: ClientScopeDefinition,
  wanted: object,
): Promise<void> {
  const now = found(await client.clientScopes.findOneByName({ realm, name }), `client scope ${name}`)
  const id = now.id ?? ''
  if (changedFields(wanted, now).length > 0) {
    await client.clientScopes.update({ realm, id }, merged(without(now, 'protocolMappers'), wanted))
  }
  await writeMappers(protocolMappers, {
    list: () => client.clientScopes.listProtocolMappers({ realm, id }),
    add: (mapper) => client.clientScopes.addProtocolMapper({ realm, id }, mapper),
    update: (mapperId, mapper) => client.clientScopes.updateProtocolMapper({ realm, id, mapperId }, mapper),
  })
}
