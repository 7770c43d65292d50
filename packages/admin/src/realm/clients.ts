import type { Admin } from '../admin.ts'
import type { ClientRepresentation } from '../representations.ts'
import { changedFields, fieldChanges, given, hidden, merged, missing, without } from './compare.ts'
import { clientUuid } from './lookup.ts'
import { mapperChanges, toMapper, writeMappers } from './mappers.ts'
import type { ClientDefinition, RealmDefinition } from './model.ts'
import { create, found, type Step, update } from './step.ts'

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
    const [representation] = await client.clients.find({ realm, clientId })
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

export function diffClients({ realm, clients }: RealmDefinition, state: ClientsState): Step[] {
  return (clients ?? []).flatMap((definition) => {
    const { clientId, secret, protocolMappers } = definition
    const wanted = settingsOf(definition)
    const current = state.get(clientId)
    if (current === undefined) {
      return [
        create(
          'client',
          clientId,
          async (admin) => {
            const mappers = (protocolMappers ?? []).map(toMapper)
            const representation = {
              ...(wanted as ClientRepresentation),
              ...(secret === undefined ? {} : { secret }),
            }
            await admin.client.clients.create({ ...representation, protocolMappers: mappers, realm })
            await addScopes(admin, realm, definition)
          },
          without(definition, 'secret'),
        ),
      ]
    }
    const changes = [
      ...fieldChanges(wanted, current.representation),
      ...(secret === undefined || current.hasSecret(secret) ? [] : [hidden('secret', true)]),
      ...mapperChanges(protocolMappers, current.representation.protocolMappers),
      ...scopeKinds.flatMap((kind) =>
        given(missing(definition[kind], current.representation[kind]).map((name) => `${kind}.${name}`)),
      ),
    ]
    return update('client', clientId, changes, (admin) => write(admin, realm, definition))
  })
}

const scopeKinds = ['defaultClientScopes', 'optionalClientScopes'] as const

function settingsOf(definition: ClientDefinition): object {
  return without(definition, 'secret', 'protocolMappers', ...scopeKinds)
}

async function write(admin: Admin, realm: string, definition: ClientDefinition): Promise<void> {
  const { clients } = admin.client
  const { clientId, secret, protocolMappers } = definition
  const wanted = settingsOf(definition)
  const id = await clientUuid(admin, realm, clientId)
  const now = found(await clients.findOne({ realm, id }), `client ${clientId}`)
  const live = secret === undefined ? undefined : (await clients.getClientSecret({ realm, id })).value
  if (changedFields(wanted, now).length > 0 || live !== secret) {
    // Without its own secret: where the reader sees only a mask, writing it back would make the mask the live secret.
    const current = without(now, 'secret', 'protocolMappers', ...scopeKinds)
    await clients.update(
      { realm, id },
      { ...merged(current, wanted), ...(secret === undefined ? {} : { secret }) },
    )
  }
  await writeMappers(protocolMappers, {
    list: () => clients.listProtocolMappers({ realm, id }),
    add: (mapper) => clients.addProtocolMapper({ realm, id }, mapper),
    update: (mapperId, mapper) => clients.updateProtocolMapper({ realm, id, mapperId }, mapper),
  })
  await addScopes(admin, realm, definition)
}

/** Added one by one: a client that is created with a list of scopes loses those that the realm gives to each client. */
async function addScopes(admin: Admin, realm: string, definition: ClientDefinition): Promise<void> {
  if (scopeKinds.every((kind) => (definition[kind] ?? []).length === 0)) return
  const { clients, clientScopes } = admin.client
  const id = await clientUuid(admin, realm, definition.clientId)
  const now = found(await clients.findOne({ realm, id }), `client ${definition.clientId}`)
  const scopes = await clientScopes.find({ realm })
  for (const kind of scopeKinds) {
    for (const name of missing(definition[kind], now[kind])) {
      const scope = found(scopes.find((each) => each.name === name)?.id, `client scope ${name}`)
      const at = { realm, id, clientScopeId: scope }
      // Keycloak passes over a scope that the client has already, as the other kind.
      if (kind === 'defaultClientScopes') {
        if (now.optionalClientScopes?.includes(name)) await clients.delOptionalClientScope(at)
        await clients.addDefaultClientScope(at)
      } else {
        if (now.defaultClientScopes?.includes(name)) await clients.delDefaultClientScope(at)
        await clients.addOptionalClientScope(at)
      }
    }
  }
}
