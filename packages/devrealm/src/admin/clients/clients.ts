import type { FastifyInstance } from 'fastify'
import type { RealmContext } from '../../context/realm-context.ts'
import type { Client } from '../../model/index.ts'
import { rotatedSecretOf, startRotation, withoutRotated } from '../../oidc/clients/secret-rotation.ts'
import type { RealmStore } from '../../store/realm-store.ts'
import { clientShape } from '../representations/fields.ts'
import { clientOf, sessionOf, userOf } from '../representations/representations.ts'
import { needs } from '../request/access.ts'
import { badRequest, forbidden, notFound } from '../request/errors.ts'
import { type Call, created, Family, none, nothing, ok } from '../request/router.ts'
import { mappingRoutes } from '../roles/role-mappings.ts'
import { addClient, renewSecret, updateClient } from './client-changes.ts'
import { exampleClaims } from './example-claims.ts'
import { type MapperOwner, mapperRoutes } from './protocol-mappers.ts'

/** Clients: `/clients` and below, but for their roles. */
export function clientRoutes(app: FastifyInstance, context: RealmContext): void {
  const list = new Family(app, context, '/clients', none)
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

  const one = new Family(app, context, '/clients/:clientUuid', findClient)
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
  secretRoutes(one)
  scopeRoutes(one)
  sessionRoutes(one)
  exampleRoutes(one)

  const needed = { view: needs.viewClients, manage: needs.manageClients }
  mapperRoutes(
    app,
    context,
    '/clients/:clientUuid',
    (call) => mapperOwner(call.realm, findClient(call)),
    needed,
  )
  mappingRoutes(
    app,
    context,
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

function secretRoutes(one: Family<Readonly<Client>>): void {
  const show = (secret: string | undefined): Record<string, unknown> => ({
    type: 'secret',
    ...(secret === undefined ? {} : { value: secret }),
  })
  one.get('/client-secret', needs.viewClients, ({ found }) => ok(show(found.secret)))
  one.post('/client-secret', needs.manageClients, nothing, ({ context, realm, found }) =>
    ok(show(renewSecret(context, realm, found))),
  )
  one.get('/client-secret/rotated', needs.viewClients, ({ found }) => {
    const secret = rotatedSecretOf(found)
    if (secret === undefined) throw notFound('Client does not have a rotated secret')
    return ok(show(secret))
  })
  one.delete('/client-secret/rotated', needs.manageClients, nothing, ({ realm, found }) => {
    realm.clients.put({ ...found, attributes: withoutRotated(found) })
    return undefined
  })
  one.get('/service-account-user', needs.viewClients, ({ realm, found }) => {
    const user = realm.serviceAccount(found.id)
    if (user === undefined) throw badRequest(`Service account not enabled for the client '${found.clientId}'`)
    return ok(userOf(realm, user))
  })
}

function scopeRoutes(one: Family<Readonly<Client>>): void {
  for (const kind of ['default', 'optional'] as const) {
    const member = `${kind}ClientScopes` as const
    const path = `/${kind}-client-scopes`
    one.get(path, needs.viewClients, ({ realm, found }) => {
      const scopes = found[member]
        .map((name) => realm.scopeByName.get(name))
        .filter((each) => each !== undefined)
      return ok(scopes.map(({ id, name }) => ({ id, name })))
    })
    one.put(`${path}/:scopeId`, needs.manageClients, nothing, (call) => {
      const { realm, found } = call
      const name = scopeName(call)
      // What is assigned already stays where it is.
      if ([...found.defaultClientScopes, ...found.optionalClientScopes].includes(name)) return undefined
      realm.clients.put({ ...found, [member]: [...found[member], name] })
      return undefined
    })
    one.delete(`${path}/:scopeId`, needs.manageClients, nothing, (call) => {
      const { realm, found } = call
      const name = scopeName(call)
      const without = (names: readonly string[]): string[] => names.filter((each) => each !== name)
      realm.clients.put({
        ...found,
        defaultClientScopes: without(found.defaultClientScopes),
        optionalClientScopes: without(found.optionalClientScopes),
      })
      return undefined
    })
  }
}

function sessionRoutes(one: Family<Readonly<Client>>): void {
  for (const kind of ['sessions', 'offlineSessions'] as const) {
    const list = kind === 'sessions' ? '/user-sessions' : '/offline-sessions'
    const count = kind === 'sessions' ? '/session-count' : '/offline-session-count'
    const of = (realm: RealmStore, client: Readonly<Client>) =>
      realm[kind].values().filter((session) => Object.hasOwn(session.clients, client.id))
    one.get(list, needs.viewClients, ({ realm, found, query }) =>
      ok(query.page(of(realm, found), 100).map((session) => sessionOf(realm, session))),
    )
    one.get(count, needs.viewClients, ({ realm, found }) => ok({ count: of(realm, found).length }))
  }
}

/** What a token would hold, without a login. */
function exampleRoutes(one: Family<Readonly<Client>>): void {
  one.get('/evaluate-scopes/protocol-mappers', needs.viewClients, ({ realm, found, query }) => {
    const asked = query.text('scope')?.split(' ') ?? []
    const optional = found.optionalClientScopes.filter((name) => asked.includes(name))
    const scopes = [...found.defaultClientScopes, ...optional]
      .map((name) => realm.scopeByName.get(name))
      .filter((scope) => scope !== undefined)
      .map((scope) => ({ ...scope, containerType: 'client-scope' }))
    const containers = [...scopes, { ...found, name: found.name ?? '', containerType: 'client' }]
    const shown = containers.flatMap(({ id, name, containerType, protocolMappers = [] }) =>
      protocolMappers.map((mapper) => ({
        mapperId: mapper.id,
        mapperName: mapper.name,
        containerId: id,
        containerName: name,
        containerType,
        protocolMapper: mapper.protocolMapper,
      })),
    )
    return ok(shown)
  })
  for (const kind of ['access-token', 'id-token', 'userinfo'] as const) {
    one.get(`/evaluate-scopes/generate-example-${kind}`, needs.evaluateScopes, (call) => {
      const { context, realm, found: client, query, request } = call
      const userId = query.text('userId')
      if (userId === undefined || userId === '') throw notFound('No userId provided')
      const user = realm.users.get(userId)
      if (user === undefined) throw notFound('No user found')
      return ok(exampleClaims(context, request, { realm, client, user, kind, scope: query.text('scope') }))
    })
  }
}

function mapperOwner(realm: RealmStore, client: Readonly<Client>): MapperOwner {
  return {
    mappers: client.protocolMappers ?? [],
    save: (protocolMappers) => {
      realm.clients.put({ ...client, protocolMappers })
    },
  }
}

/** Looks a client up by its id; who may not even query clients learns nothing about it. */
export function findClient({ realm, params, access }: Call): Readonly<Client> {
  const client = realm.clients.get(params['clientUuid'] ?? '')
  if (client !== undefined) return client
  throw needs.queryClients(access) ? notFound('Could not find client') : forbidden()
}

function scopeName({ realm, params }: Call<unknown, unknown>): string {
  const scope = realm.clientScopes.get(params['scopeId'] ?? '')
  if (scope === undefined) throw notFound('Client scope not found')
  return scope.name
}
