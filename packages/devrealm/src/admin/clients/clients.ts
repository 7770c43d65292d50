import type { Client } from '../../model/index.ts'
import { startRotation } from '../../oidc/index.ts'
import { deleteClient } from '../../store/index.ts'
import { nothing } from '../body/index.ts'
import { forbidden, notFound } from '../errors.ts'
import { leftOutOfClient, refuseLeftOut } from '../left-out/index.ts'
import { clientOf, clientShape } from '../representations/index.ts'
import { type AdminApi, type Call, created, needs, ok } from '../request/index.ts'
import { mappingRoutes, namedRoleRoutes, type RoleHolder } from '../roles/index.ts'
import { sortedBy } from '../sorted-by.ts'
import { addClient, updateClient } from './client-changes.ts'
import { clientDefaultScopeRoutes } from './client-default-scopes.ts'
import { clientSecretRoutes } from './client-secrets.ts'
import { clientSessionRoutes } from './client-sessions.ts'
import { evaluateScopesRoutes } from './evaluate-scopes.ts'
import { type MapperOwner, mapperRoutes } from './protocol-mappers.ts'

/** Clients: `/clients` and below. */
export function clientRoutes(api: AdminApi): void {
  const { context } = api
  const list = api.resource('/clients')
  list.get('', needs.queryClients, ({ realm, query, access }) => {
    const clientId = query.text('clientId')
    const search = query.flag('search') === true
    const attributes = query.attributes()
    const found = realm.clients.values().filter((client) => {
      const isNamed = search
        ? client.clientId.toLowerCase().includes(clientId?.toLowerCase() ?? '')
        : clientId === undefined || clientId === '' || client.clientId === clientId
      return isNamed && attributes.every(([name, value]) => client.attributes[name] === value)
    })
    // A caller with query-clients only sees no clients without further permission.
    if (!needs.viewClients(access)) return ok([])
    const sorted = sortedBy(found, ({ clientId }) => clientId)
    return ok(query.page(sorted).map((client) => clientOf(client, access)))
  })
  list.post('', needs.manageClients, clientShape, ({ realm, body, url }) => {
    const client = addClient(realm, body)
    refuseLeftOut(leftOutOfClient(body))
    startRotation(context, realm, client)
    return created(`${url}/${client.id}`)
  })

  const one = api.resource('/clients/:clientUuid', findClient)
  one.get('', needs.viewClients, ({ found, access }) => ok(clientOf(found, access)))
  one.put('', needs.manageClients, clientShape, ({ realm, found, body }) => {
    const client = updateClient(realm, found, body)
    refuseLeftOut(leftOutOfClient(body), leftOutOfClient(found))
    startRotation(context, realm, client)
    return undefined
  })
  one.delete('', needs.manageClients, nothing, ({ realm, found }) => {
    if (found.clientId === 'realm-management') throw forbidden()
    deleteClient(realm, found.id)
    return undefined
  })
  clientSecretRoutes(one)
  clientDefaultScopeRoutes(one)
  clientSessionRoutes(one)
  evaluateScopesRoutes(one)

  const needed = { view: needs.viewClients, manage: needs.manageClients }
  namedRoleRoutes(one.below('/roles'), needed)
  mapperRoutes(one.below('', mapperOwner), needed)
  mappingRoutes(one.below('/scope-mappings', scopeHolder), { ...needed, guarded: false })
}

/** Finds a client by id; a caller without query-clients learns nothing about it. */
function findClient({ realm, params, access }: Call): Readonly<Client> {
  const client = realm.clients.get(params['clientUuid'] ?? '')
  if (client !== undefined) return client
  throw needs.queryClients(access) ? notFound('Could not find client') : forbidden()
}

function mapperOwner({ realm, found: client }: Call<Readonly<Client>>): MapperOwner {
  return {
    mappers: client.protocolMappers ?? [],
    save: (protocolMappers) => {
      realm.clients.put({ ...client, protocolMappers })
    },
  }
}

/** A client, seen as the roles that its tokens may have. */
function scopeHolder({ realm, found: client }: Call<Readonly<Client>>): RoleHolder {
  return {
    roles: client.scopeMappings,
    inherited: client.fullScopeAllowed ? realm.roles.values().map((role) => role.id) : [],
    save: (scopeMappings) => {
      realm.clients.put({ ...client, scopeMappings })
    },
  }
}
