import type { Admin, ClientRepresentation, ClientScopeRepresentation } from '../../client/index.ts'
import { type FieldChange, given, missing } from '../../fields/index.ts'
import type { ClientDefinition } from '../definition/index.ts'
import { clientUuid, found } from './named.ts'
import { type Part } from './planned-change.ts'

type ScopeKind = 'defaultClientScopes' | 'optionalClientScopes'

/** The two ways in which a client has a scope. */
export const scopeKinds: readonly ScopeKind[] = ['defaultClientScopes', 'optionalClientScopes']

/**
 * A part for each scope that a client lacks; of a new client, for each that it is to have. Added one by one: a client that
 * is created with a list of scopes loses those that the realm gives to each client.
 */
export function scopeParts(
  realm: string,
  definition: ClientDefinition,
  current?: ClientRepresentation,
): readonly Part[] {
  const read = createReader(realm, definition.clientId)
  return scopeKinds.flatMap((kind) =>
    missing(definition[kind], current?.[kind]).map((name, index, names) => ({
      changes: current === undefined ? [soFar(kind, names.slice(0, index + 1))] : given([`${kind}.${name}`]),
      run: async (admin: Admin) => await addScope(admin, realm, kind, name, await read(admin)),
    })),
  )
}

/** Of what is created the trail has lists: each part has the list as it is by then. */
function soFar(kind: ScopeKind, names: readonly string[]): FieldChange {
  return { path: [kind], before: undefined, after: names }
}

interface Live {
  readonly client: ClientRepresentation
  readonly scopes: readonly ClientScopeRepresentation[]
}

/** Reads the client and the realm's scopes once, when the first scope is added. */
function createReader(realm: string, clientId: string): (admin: Admin) => Promise<Live> {
  let live: Live | undefined
  return async (admin) => {
    if (live !== undefined) return live
    const { clients, clientScopes } = admin.client
    const id = await clientUuid(admin, realm, clientId)
    const client = found(await clients.findOne({ realm, id }), `client ${clientId}`)
    live = { client, scopes: await clientScopes.find({ realm }) }
    return live
  }
}

async function addScope(
  { client: { clients } }: Admin,
  realm: string,
  kind: ScopeKind,
  name: string,
  { client, scopes }: Live,
): Promise<void> {
  if (client[kind]?.includes(name)) return
  const clientScopeId = found(scopes.find((each) => each.name === name)?.id, `client scope ${name}`)
  const at = { realm, id: client.id ?? '', clientScopeId }
  // Keycloak ignores a scope that the client has already, as the other kind.
  if (kind === 'defaultClientScopes') {
    if (client.optionalClientScopes?.includes(name)) await clients.delOptionalClientScope(at)
    await clients.addDefaultClientScope(at)
  } else {
    if (client.defaultClientScopes?.includes(name)) await clients.delDefaultClientScope(at)
    await clients.addOptionalClientScope(at)
  }
}
