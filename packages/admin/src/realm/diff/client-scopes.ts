import type { Admin, ClientScopeRepresentation } from '../../client/index.ts'
import { fieldChanges, merged, without } from '../../fields/index.ts'
import type { RealmDefinition } from '../definition/index.ts'
import { type MapperStore, mapperParts, toMapper } from './mappers.ts'
import { found } from './named.ts'
import { create, fieldsOf, type PlannedChange, update } from './planned-change.ts'

export type ClientScopesState = ReadonlyMap<string, ClientScopeRepresentation>

export async function readClientScopes(
  { client }: Admin,
  { realm, clientScopes }: RealmDefinition,
): Promise<ClientScopesState> {
  // This list of the Admin API knows no pages.
  const scopes = (clientScopes ?? []).length === 0 ? [] : await client.clientScopes.find({ realm })
  return new Map(scopes.map((scope) => [scope.name ?? '', scope]))
}

export function diffClientScopes(
  { realm, clientScopes }: RealmDefinition,
  state: ClientScopesState,
): PlannedChange[] {
  return (clientScopes ?? []).flatMap((scope) => {
    const { name, protocolMappers } = scope
    const wanted = { protocol: 'openid-connect', ...without(scope, 'protocolMappers') }
    const current = state.get(name)
    if (current === undefined) {
      const mappers = (protocolMappers ?? []).map(toMapper)
      const run = ({ client }: Admin) =>
        client.clientScopes.create({ ...wanted, protocolMappers: mappers, realm })
      return [create('client scope', name, [{ changes: fieldsOf({ ...wanted, protocolMappers }), run }])]
    }
    return update('client scope', name, [
      { changes: fieldChanges(wanted, current), run: (admin) => write(admin, realm, name, wanted) },
      ...mapperParts(protocolMappers, current.protocolMappers, (admin) => mappersOf(admin, realm, name)),
    ])
  })
}

async function write(admin: Admin, realm: string, name: string, wanted: object): Promise<void> {
  const now = await findScope(admin, realm, name)
  const scope = merged(without(now, 'protocolMappers'), wanted)
  await admin.client.clientScopes.update({ realm, id: now.id ?? '' }, scope)
}

async function mappersOf(admin: Admin, realm: string, name: string): Promise<MapperStore> {
  const { clientScopes } = admin.client
  const { id = '' } = await findScope(admin, realm, name)
  return {
    list: () => clientScopes.listProtocolMappers({ realm, id }),
    add: (mapper) => clientScopes.addProtocolMapper({ realm, id }, mapper),
    update: (mapperId, mapper) => clientScopes.updateProtocolMapper({ realm, id, mapperId }, mapper),
  }
}

async function findScope({ client }: Admin, realm: string, name: string): Promise<ClientScopeRepresentation> {
  return found(await client.clientScopes.findOneByName({ realm, name }), `client scope ${name}`)
}
