import { nothing } from '../body/index.ts'
import { duplicate, notFound } from '../errors.ts'
import { type AdminApi, type Call, needs, ok } from '../request/index.ts'

/** The client scopes that new clients of a realm get: `/default-default-client-scopes` and its counterpart for optional ones. */
export function realmDefaultScopeRoutes(api: AdminApi, kind: 'Default' | 'Optional'): void {
  const member = `default${kind}ClientScopes` as const
  const other = kind === 'Default' ? 'defaultOptionalClientScopes' : 'defaultDefaultClientScopes'
  const path = `/default-${kind.toLowerCase()}-client-scopes`
  const list = api.resource(path)
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
