import type { FastifyInstance } from 'fastify'
import type { RealmContext } from '../../context/realm-context.ts'
import type { ClientScope } from '../../model/index.ts'
import type { RealmStore } from '../../store/realm-store.ts'
import { type ClientScopeBody, clientScopeShape } from '../representations/fields.ts'
import { scopeOf } from '../representations/representations.ts'
import { needs } from '../request/access.ts'
import { wrongType } from '../request/body.ts'
import { conflict, duplicate, forbidden, notFound, refused } from '../request/errors.ts'
import { newId } from '../request/ids.ts'
import { type Call, created, Family, none, nothing, ok } from '../request/router.ts'
import { mappingRoutes } from '../roles/role-mappings.ts'
import { mapperRoutes, newMappers } from './protocol-mappers.ts'

/** Client scopes, and those that a realm gives to new clients. */
export function clientScopeRoutes(app: FastifyInstance, context: RealmContext): void {
  const list = new Family(app, context, '/client-scopes', none)
  list.get('', needs.queryClients, ({ realm, access }) =>
    ok(needs.viewClients(access) ? realm.clientScopes.values().map(scopeOf) : []),
  )
  list.post('', needs.manageClients, clientScopeShape, ({ realm, body, url }) =>
    created(`${url}/${addClientScope(realm, body).id}`),
  )

  const one = new Family(app, context, '/client-scopes/:scopeId', findScope)
  one.get('', needs.viewClients, ({ found }) => ok(scopeOf(found)))
  one.put('', needs.manageClients, clientScopeShape, ({ realm, found, body }) => {
    updateScope(realm, found, body)
    return undefined
  })
  one.delete('', needs.manageClients, nothing, ({ realm, found }) => {
    realm.deleteClientScope(found.id)
    return undefined
  })

  const needed = { view: needs.viewClients, manage: needs.manageClients }
  mapperRoutes(
    app,
    context,
    '/client-scopes/:scopeId',
    (call) => {
      const scope = findScope(call)
      return {
        mappers: scope.protocolMappers ?? [],
        save: (protocolMappers) => {
          call.realm.clientScopes.put({ ...scope, protocolMappers })
        },
      }
    },
    needed,
  )
  mappingRoutes(
    app,
    context,
    '/client-scopes/:scopeId/scope-mappings',
    (call) => {
      const scope = findScope(call)
      return {
        roles: scope.scopeMappings,
        inherited: [],
        save: (scopeMappings) => {
          call.realm.clientScopes.put({ ...scope, scopeMappings })
        },
      }
    },
    { ...needed, guarded: false },
  )
  for (const kind of ['Default', 'Optional'] as const) defaultScopeRoutes(app, context, kind)
}

/** Adds a client scope as `POST client-scopes` does. */
export function addClientScope(realm: RealmStore, body: ClientScopeBody): Readonly<ClientScope> {
  const { name } = body
  if (name === undefined) throw wrongType()
  if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(name)) throw refused(`Unexpected name "${name}" for ClientScope`)
  if (!['openid-connect', 'saml'].includes(body.protocol ?? '')) throw refused('Unexpected protocol')
  requireFreeName(realm, name)
  return realm.clientScopes.put({
    id: newId(realm.clientScopes, body.id, () => nameTaken(name)),
    name,
    ...(body.description === undefined ? {} : { description: body.description }),
    protocol: body.protocol ?? 'openid-connect',
    attributes: body.attributes ?? {},
    ...(body.protocolMappers === undefined
      ? {}
      : { protocolMappers: newMappers(body.protocolMappers, () => nameTaken(name)) }),
    scopeMappings: [],
  })
}

/** Mappers have endpoints of their own: an update passes them over. */
function updateScope(realm: RealmStore, scope: Readonly<ClientScope>, body: ClientScopeBody): void {
  if (body.name === undefined) throw wrongType()
  if (body.name !== scope.name) requireFreeName(realm, body.name)
  realm.clientScopes.put({
    ...scope,
    name: body.name,
    ...(body.description === undefined ? {} : { description: body.description }),
    ...(body.protocol === undefined ? {} : { protocol: body.protocol }),
    attributes: { ...scope.attributes, ...body.attributes },
  })
  if (body.name === scope.name) return
  const renamed = (names: readonly string[]): string[] =>
    names.map((name) => (name === scope.name ? (body.name ?? name) : name))
  for (const client of realm.clients.values()) {
    realm.clients.put({
      ...client,
      defaultClientScopes: renamed(client.defaultClientScopes),
      optionalClientScopes: renamed(client.optionalClientScopes),
    })
  }
  realm.update({
    ...realm.info,
    defaultDefaultClientScopes: renamed(realm.info.defaultDefaultClientScopes),
    defaultOptionalClientScopes: renamed(realm.info.defaultOptionalClientScopes),
  })
}

function requireFreeName(realm: RealmStore, name: string): void {
  if (realm.scopeByName.get(name) !== undefined) throw nameTaken(name)
}

function nameTaken(name: string): Error {
  return conflict(`Client Scope ${name} already exists`)
}

function defaultScopeRoutes(app: FastifyInstance, context: RealmContext, kind: 'Default' | 'Optional'): void {
  const member = `default${kind}ClientScopes` as const
  const other = kind === 'Default' ? 'defaultOptionalClientScopes' : 'defaultDefaultClientScopes'
  const path = `/default-${kind.toLowerCase()}-client-scopes`
  const list = new Family(app, context, path, none)
  list.get('', needs.viewClients, ({ realm }) => {
    const scopes = realm.info[member].map((name) => realm.scopeByName.get(name))
    return ok(scopes.map((scope) => scope && { id: scope.id, name: scope.name, protocol: scope.protocol }))
  })
  const nameOf = ({ realm, params }: Call): string => {
    const scope = realm.clientScopes.get(params['scopeId'] ?? '')
    if (scope === undefined) throw notFound('Client scope not found')
    return scope.name
  }
  list.put('/:scopeId', needs.manageClients, nothing, (call) => {
    const { realm } = call
    const name = nameOf(call)
    if (realm.info[other].includes(name)) throw duplicate()
    realm.update({ ...realm.info, [member]: [...new Set([...realm.info[member], name])] })
    return undefined
  })
  list.delete('/:scopeId', needs.manageClients, nothing, (call) => {
    const { realm } = call
    const name = nameOf(call)
    realm.update({ ...realm.info, [member]: realm.info[member].filter((each) => each !== name) })
    return undefined
  })
}

function findScope({ realm, params, access }: Call): Readonly<ClientScope> {
  const scope = realm.clientScopes.get(params['scopeId'] ?? '')
  if (scope !== undefined) return scope
  throw needs.queryClients(access) ? notFound('Could not find client scope') : forbidden()
}
