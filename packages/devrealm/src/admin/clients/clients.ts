import type { Client } from '../../model/index.ts'
import { startRotation } from '../../oidc/clients/secret-rotation.ts'
import type { RealmStore } from '../../store/realm-store.ts'
import { nothing } from '../body/index.ts'
import { forbidden } from '../errors.ts'
import { clientOf, clientShape } from '../representations/index.ts'
import { type AdminApi, created, needs, ok } from '../request/index.ts'
import { mappingRoutes, namedRoleRoutes } from '../roles/index.ts'
import { addClient, updateClient } from './client-changes.ts'
import { clientDefaultScopeRoutes } from './client-default-scopes.ts'
import { clientSecretRoutes } from './client-secrets.ts'
import { clientSessionRoutes } from './client-sessions.ts'
import { evaluateScopesRoutes } from './evaluate-scopes.ts'
import { findClient } from './find-client.ts'
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
    // Who may only query sees no client of which nothing was opened to them.
    if (!needs.viewClients(access)) return ok([])
    found.sort((a, b) => (a.clientId < b.clientId ? -1 : 1))
    return ok(query.page(found).map((client) => clientOf(client, access)))
  })
  list.post('', needs.manageClients, clientShape, ({ realm, body, url }) => {
    const client = addClient(realm, body)
    startRotation(context, realm, client)
    return created(`${url}/${client.id}`)
  })

  const one = api.resource('/clients/:clientUuid', findClient)
  one.get('', needs.viewClients, ({ found, access }) => ok(clientOf(found, access)))
  one.put('', needs.manageClients, clientShape, ({ realm, found, body }) => {
    startRotation(context, realm, updateClient(realm, found, body))
    return undefined
  })
  one.delete('', needs.manageClients, nothing, ({ realm, found }) => {
    if (found.clientId === 'realm-management') throw forbidden()
    realm.deleteClient(found.id)
    return undefined
  })
  clientSecretRoutes(one)
  clientDefaultScopeRoutes(one)
  clientSessionRoutes(one)
  evaluateScopesRoutes(one)

  const needed = { view: needs.viewClients, manage: needs.manageClients }
  namedRoleRoutes(api, '/clients/:clientUuid/roles', findClient, needed)
  mapperRoutes(api, '/clients/:clientUuid', (call) => mapperOwner(call.realm, findClient(call)), needed)
  mappingRoutes(
    api,
    '/clients/:clientUuid/scope-mappings',
    ({ realm, ...call }) => {
      const client = findClient({ realm, ...call })
      return {
        roles: client.scopeMappings,
        inherited: client.fullScopeAllowed ? realm.roles.values().map((role) => role.id) : [],
        save: (scopeMappings) => {
          realm.clients.put({ ...client, scopeMappings })
        },
      }
    },
    { ...needed, guarded: false },
  )
}

function mapperOwner(realm: RealmStore, client: Readonly<Client>): MapperOwner {
  return {
    mappers: client.protocolMappers ?? [],
    save: (protocolMappers) => {
      realm.clients.put({ ...client, protocolMappers })
    },
  }
}
