import type { Client } from '../../model/index.ts'
import { nothing } from '../body/index.ts'
import { notFound } from '../errors.ts'
import { type AnyCall, needs, ok, type Resource } from '../request/index.ts'

/** The client scopes that are assigned to a client: `/default-client-scopes` and `/optional-client-scopes`. */
export function clientDefaultScopeRoutes(one: Resource<Readonly<Client>>): void {
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
      // An assigned scope stays where it is.
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

function scopeName({ realm, params }: AnyCall): string {
  const scope = realm.clientScopes.get(params['scopeId'] ?? '')
  if (scope === undefined) throw notFound('Client scope not found')
  return scope.name
}
