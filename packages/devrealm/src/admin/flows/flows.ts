import { type Flow, flowByAlias, flowsOf, saveFlows, withFlow } from '../../flows/index.ts'
import { nothing } from '../body/index.ts'
import { conflict, duplicate, notFound, refused } from '../errors.ts'
import { flowShape, newNameShape } from '../representations/index.ts'
import { type AdminApi, type AnyCall, created, needs, ok } from '../request/index.ts'
import { copyFlow, deleteFlow, flowNamed, newFlow } from './flow-changes.ts'
import { flowOf } from './flow-representations.ts'

/** Authentication flows: `/authentication/flows` and below. */
export function flowRoutes(api: AdminApi): void {
  const list = api.resource('/authentication/flows')
  list.get('', needs.viewFlows, ({ realm }) => {
    const all = flowsOf(realm)
    return ok(all.flows.filter((flow) => flow.topLevel).map((flow) => flowOf(all, flow)))
  })
  list.post('', needs.manageRealm, flowShape, ({ realm, body, url }) => {
    if (body.alias === undefined || body.alias === '') {
      throw conflict('Failed to create flow with empty alias name')
    }
    const flow = newFlow(realm, body.alias, body.providerId, body.description, body.topLevel ?? false)
    return created(`${url}/${flow.id}`)
  })
  // The same path segment is a flow id here and a flow alias below: the router has one parameter for both.
  const one = api.resource('/authentication/flows/:flow')
  const found = ({ realm, params }: AnyCall, words: string): Flow => {
    const flow = flowsOf(realm).flows.find((each) => each.id === params['flow'])
    if (flow === undefined) throw notFound(words)
    return flow
  }
  one.get('', needs.viewRealm, (call) =>
    ok(flowOf(flowsOf(call.realm), found(call, 'Could not find flow with id'))),
  )
  one.put('', needs.manageRealm, flowShape, (call) => {
    const { realm, body } = call
    const all = flowsOf(realm)
    const flow = found(call, 'Could not find flow with id')
    if (body.alias === undefined || body.alias === '')
      throw refused('Failed to update flow with empty alias name')
    // Keycloak's database rejects a flow without a type, with the message for a duplicate name.
    if (body.providerId === undefined) throw duplicate()
    const other = flowByAlias(all, body.alias)
    if (other !== undefined && other.id !== flow.id) throw duplicate()
    const { description = flow.description } = body
    saveFlows(
      realm,
      withFlow(all, { ...flow, alias: body.alias, ...(description === undefined ? {} : { description }) }),
    )
    return undefined
  })
  one.delete('', needs.manageRealm, nothing, (call) => {
    deleteFlow(call.realm, found(call, 'Flow not found'))
    return undefined
  })
  one.post('/copy', needs.manageRealm, newNameShape, (call) => {
    const { realm, body, url } = call
    const { all, flow } = flowNamed(call, () => notFound('Flow not found'))
    const alias = body.newName ?? `Copy of ${flow.alias}`
    if (flowByAlias(all, alias) !== undefined) throw conflict('New flow alias name already exists')
    const copied = copyFlow(all, flow, alias)
    saveFlows(realm, copied.all)
    return created(`${url}/${copied.id}`)
  })
}
