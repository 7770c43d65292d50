import type { Admin, ClientRepresentation } from '../../client/index.ts'
import { fieldChanges, hidden, merged, without } from '../../fields/index.ts'
import { findClient } from '../../lookup/index.ts'
import type { ClientDefinition, RealmDefinition } from '../definition/index.ts'
import { type MapperStore, mapperParts, toMapper } from './mappers.ts'
import { clientUuid, found } from './named.ts'
import { create, fieldsOf, type PlannedChange, update } from './planned-change.ts'
import { scopeKinds, scopeParts } from './scopes-of-clients.ts'

export interface ClientState {
  /** Without its secret. */
  readonly representation: Omit<ClientRepresentation, 'secret'>
  /** Whether this is the live secret: a function, so that nothing which prints the state shows it. */
  readonly hasSecret: (secret: string) => boolean
}

/** The clients that a definition names and the realm has, by client id. */
export type ClientsState = ReadonlyMap<string, ClientState>

export async function readClients(
  { client }: Admin,
  { realm, clients }: RealmDefinition,
): Promise<ClientsState> {
  const state = new Map<string, ClientState>()
  for (const { clientId, secret } of clients ?? []) {
    const representation = await findClient({ client, realm }, clientId)
    if (representation === undefined) continue
    const id = representation.id ?? ''
    const live =
      secret === undefined ? undefined : (await client.clients.getClientSecret({ realm, id })).value
    state.set(clientId, {
      representation: without(representation, 'secret'),
      hasSecret: (value) => value === live,
    })
  }
  return state
}

export function diffClients({ realm, clients }: RealmDefinition, state: ClientsState): PlannedChange[] {
  return (clients ?? []).flatMap((definition) => {
    const { clientId, secret, protocolMappers } = definition
    const wanted = settingsOf(definition)
    const current = state.get(clientId)
    if (current === undefined) {
      const run = (admin: Admin) => createClient(admin, realm, definition)
      const changes = fieldsOf({ ...wanted, protocolMappers })
      return [create('client', clientId, [{ changes, run }, ...scopeParts(realm, definition)])]
    }
    const { representation } = current
    const secretChanges = secret === undefined || current.hasSecret(secret) ? [] : [hidden('secret', true)]
    const settings = [...fieldChanges(wanted, representation), ...secretChanges]
    return update('client', clientId, [
      { changes: settings, run: (admin) => write(admin, realm, definition) },
      ...mapperParts(protocolMappers, representation.protocolMappers, (admin) =>
        mappersOf(admin, realm, clientId),
      ),
      ...scopeParts(realm, definition, representation),
    ])
  })
}

function settingsOf(definition: ClientDefinition): object {
  return without(definition, 'secret', 'protocolMappers', ...scopeKinds)
}

async function createClient(admin: Admin, realm: string, definition: ClientDefinition): Promise<void> {
  const { secret, protocolMappers } = definition
  await admin.client.clients.create({
    ...(settingsOf(definition) as ClientRepresentation),
    ...(secret === undefined ? {} : { secret }),
    protocolMappers: (protocolMappers ?? []).map(toMapper),
    realm,
  })
}

async function write(admin: Admin, realm: string, definition: ClientDefinition): Promise<void> {
  const { clients } = admin.client
  const { clientId, secret } = definition
  const id = await clientUuid(admin, realm, clientId)
  const now = found(await clients.findOne({ realm, id }), `client ${clientId}`)
  // Without its own secret: where the reader sees only a mask, writing it back would make the mask the live secret.
  const current = without(now, 'secret', 'protocolMappers', ...scopeKinds)
  await clients.update(
    { realm, id },
    { ...merged(current, settingsOf(definition)), ...(secret === undefined ? {} : { secret }) },
  )
}

async function mappersOf(admin: Admin, realm: string, clientId: string): Promise<MapperStore> {
  const { clients } = admin.client
  const id = await clientUuid(admin, realm, clientId)
  return {
    list: () => clients.listProtocolMappers({ realm, id }),
    add: (mapper) => clients.addProtocolMapper({ realm, id }, mapper),
    update: (mapperId, mapper) => clients.updateProtocolMapper({ realm, id, mapperId }, mapper),
  }
}
