import type {
  Admin,
  ClientRepresentation,
  ClientScopeRepresentation,
  MapperRepresentation,
  RoleRepresentation,
} from '../../client/index.ts'
import { all } from '../../client/index.ts'
import type { RoleNames } from '../../lookup/index.ts'
import type {
  ClientDefinition,
  ClientScopeDefinition,
  MapperDefinition,
  RequiredActionDefinition,
  RoleDefinition,
} from '../definition/index.ts'
import { clientFields, requiredActionFields } from '../definition/index.ts'
import { byName, type Notes, present, sortedBy } from './notes.ts'

/** A client's id in Keycloak's URLs to its client id. */
export type ClientIds = ReadonlyMap<string, string>

export async function readClients(
  admin: Admin,
  realm: string,
  notes: Notes,
): Promise<ClientRepresentation[]> {
  const clients = await all((page) => admin.client.clients.find({ realm, ...page }))
  const isOfRealm = ({ clientId = '' }: ClientRepresentation) =>
    realm === 'master' && clientId.endsWith('-realm')
  for (const { clientId = '' } of clients.filter(isOfRealm))
    notes.add(`client ${clientId}`, 'belongs to another realm and is created with it')
  return sortedBy(
    clients.filter((client) => !isOfRealm(client)),
    ({ clientId }) => clientId,
  )
}

export function toClient(client: ClientRepresentation, notes: Notes): ClientDefinition {
  const { clientId = '', protocolMappers, publicClient, bearerOnly, protocol } = client
  const title = `client ${clientId}`
  const isConfidential = publicClient !== true && bearerOnly !== true && protocol === 'openid-connect'
  if (isConfidential && client.secret !== undefined) notes.add(title, 'secret')
  const { clientId: _id, secret: _secret, protocolMappers: _mappers, ...fields } = clientFields
  return {
    clientId,
    ...notes.fieldsOf<ClientDefinition>(title, fields, client),
    ...mappersOf(title, protocolMappers, notes),
  }
}

export function toClientScope(scope: ClientScopeRepresentation, notes: Notes): ClientScopeDefinition {
  const { name = '', description, protocol, attributes, protocolMappers } = scope
  const title = `client scope ${name}`
  return present({
    name,
    description,
    protocol,
    attributes: notes.map(title, 'attributes', (attributes ?? {}) as Record<string, string>),
    ...mappersOf(title, protocolMappers, notes),
  }) as ClientScopeDefinition
}

function mappersOf(
  title: string,
  mappers: readonly MapperRepresentation[] | undefined,
  notes: Notes,
): { protocolMappers?: readonly MapperDefinition[] } {
  if (mappers === undefined || mappers.length === 0) return {}
  const definitions = mappers.map(({ name = '', protocol, protocolMapper = '', config }) => {
    const values = notes.map(
      title,
      `protocolMappers.${name}.config`,
      (config ?? {}) as Record<string, string>,
    )
    return present({ name, protocol, protocolMapper, config: values }) as MapperDefinition
  })
  return { protocolMappers: sortedBy(definitions, ({ name }) => name) }
}

export async function readRoleDefinitions(
  admin: Admin,
  realm: string,
  clients: ClientIds,
  list: (page: { first: number; max: number }) => Promise<RoleRepresentation[]>,
  notes: Notes,
): Promise<RoleDefinition[]> {
  const roles = await all(list)
  const definitions = await Promise.all(
    roles.map(async ({ id = '', name = '', description, attributes, composite }) => {
      const composites =
        composite === true ? toNames(await admin.client.roles.getCompositeRoles({ realm, id }), clients) : {}
      const values = notes.map(`role ${name}`, 'attributes', (attributes ?? {}) as Record<string, string[]>)
      return present({ name, description, attributes: values, composites }) as RoleDefinition
    }),
  )
  return sortedBy(definitions, ({ name }) => name)
}

export function readClientRoles(
  { client }: Admin,
  realm: string,
  id: string,
): (page: { first: number; max: number }) => Promise<RoleRepresentation[]> {
  // The official client's type does not know the page.
  return (page) =>
    client.clients.listRoles({ realm, id, briefRepresentation: false, ...page } as {
      realm: string
      id: string
    })
}

function toNames(roles: readonly RoleRepresentation[], clients: ClientIds): RoleNames {
  const ofRealm = roles.filter(({ clientRole }) => clientRole !== true).map(({ name = '' }) => name)
  const ofClients = new Map<string, string[]>()
  for (const { name = '', containerId = '' } of roles.filter(({ clientRole }) => clientRole === true)) {
    const clientId = clients.get(containerId)
    if (clientId !== undefined) ofClients.set(clientId, [...(ofClients.get(clientId) ?? []), name])
  }
  return roleNames(ofRealm, Object.fromEntries(ofClients))
}

/** Roles by name, in order; what is empty is left out. */
export function roleNames(
  realm: readonly string[] = [],
  client: Readonly<Record<string, readonly string[]>> = {},
): RoleNames {
  const clients = Object.entries(client)
    .filter(([, names]) => names.length > 0)
    .map(([clientId, names]) => [clientId, names.toSorted()] as const)
  return {
    ...(realm.length === 0 ? {} : { realm: realm.toSorted() }),
    ...(clients.length === 0 ? {} : { client: Object.fromEntries(clients.toSorted(byName)) }),
  }
}

export async function readRequiredActions(
  { client }: Admin,
  realm: string,
  notes: Notes,
): Promise<RequiredActionDefinition[]> {
  const actions = await client.authenticationManagement.getRequiredActions({ realm } as never)
  const { alias: _alias, ...fields } = requiredActionFields
  return sortedBy(actions, ({ alias }) => alias).map((action) => {
    const { alias = '' } = action
    return { alias, ...notes.fieldsOf<RequiredActionDefinition>(`required action ${alias}`, fields, action) }
  })
}
