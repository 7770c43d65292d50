import type { ClientScope } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { conflict, refused, wrongType } from '../errors.ts'
import { newId } from '../ids.ts'
import type { ClientScopeBody } from '../representations/index.ts'
import { newMappers } from './protocol-mapper-changes.ts'

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

/** Mappers have separate endpoints: an update ignores them. */
export function updateScope(realm: RealmStore, scope: Readonly<ClientScope>, body: ClientScopeBody): void {
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
