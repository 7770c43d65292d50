import type { ClientScope } from '../../model/index.ts'
import { deleteClientScope } from '../../store/index.ts'
import { nothing } from '../body/index.ts'
import { forbidden, notFound } from '../errors.ts'
import { leftOutOfMappers, refuseLeftOut } from '../left-out/index.ts'
import { clientScopeShape, scopeOf } from '../representations/index.ts'
import { type AdminApi, type Call, created, needs, ok } from '../request/index.ts'
import { mappingRoutes, type RoleHolder } from '../roles/index.ts'
import { addClientScope, updateScope } from './client-scope-changes.ts'
import { type MapperOwner, mapperRoutes } from './protocol-mappers.ts'
import { realmDefaultScopeRoutes } from './realm-default-scopes.ts'

/** Client scopes, and the default ones of a realm. */
export function clientScopeRoutes(api: AdminApi): void {
  const list = api.resource('/client-scopes')
  list.get('', needs.queryClients, ({ realm, access }) =>
    ok(needs.viewClients(access) ? realm.clientScopes.values().map(scopeOf) : []),
  )
  list.post('', needs.manageClients, clientScopeShape, ({ realm, body, url }) => {
    const scope = addClientScope(realm, body)
    refuseLeftOut(leftOutOfMappers(body.protocolMappers))
    return created(`${url}/${scope.id}`)
  })

  const one = api.resource('/client-scopes/:scopeId', findScope)
  one.get('', needs.viewClients, ({ found }) => ok(scopeOf(found)))
  one.put('', needs.manageClients, clientScopeShape, ({ realm, found, body }) => {
    updateScope(realm, found, body)
    return undefined
  })
  one.delete('', needs.manageClients, nothing, ({ realm, found }) => {
    deleteClientScope(realm, found.id)
    return undefined
  })

  const needed = { view: needs.viewClients, manage: needs.manageClients }
  mapperRoutes(one.below('', mapperOwner), needed)
  mappingRoutes(one.below('/scope-mappings', scopeHolder), { ...needed, guarded: false })
  for (const kind of ['Default', 'Optional'] as const) realmDefaultScopeRoutes(api, kind)
}

function mapperOwner({ realm, found: scope }: Call<Readonly<ClientScope>>): MapperOwner {
  return {
    mappers: scope.protocolMappers ?? [],
    save: (protocolMappers) => {
      realm.clientScopes.put({ ...scope, protocolMappers })
    },
  }
}

function scopeHolder({ realm, found: scope }: Call<Readonly<ClientScope>>): RoleHolder {
  return {
    roles: scope.scopeMappings,
    inherited: [],
    save: (scopeMappings) => {
      realm.clientScopes.put({ ...scope, scopeMappings })
    },
  }
}

function findScope({ realm, params, access }: Call): Readonly<ClientScope> {
  const scope = realm.clientScopes.get(params['scopeId'] ?? '')
  if (scope !== undefined) return scope
  throw needs.queryClients(access) ? notFound('Could not find client scope') : forbidden()
}
