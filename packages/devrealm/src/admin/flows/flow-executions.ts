import {
  flowByAlias,
  flowProviders,
  flowsOf,
  saveFlows,
  subFlowChoices,
  tree,
  withFlow,
} from '../../flows/index.ts'
import { badRequest, conflict, notFound, wrongType } from '../errors.ts'
import { executionInfoShape, newExecutionShape, newSubFlowShape } from '../representations/index.ts'
import { type AdminApi, created, needs, ok } from '../request/index.ts'
import { addExecution, flowNamed, newFlow, renamedSubFlow } from './flow-changes.ts'
import { executionsOf } from './flow-representations.ts'

/** The steps of a flow, found by alias: `/authentication/flows/{alias}/executions`. */
export function flowExecutionRoutes(api: AdminApi): void {
  const executions = api.resource('/authentication/flows/:flow/executions')
  executions.get('', needs.viewRealm, (call) => {
    const { all, flow } = flowNamed(call, () => notFound('Flow not found'))
    return ok(executionsOf(all, flow))
  })
  executions.put('', needs.manageRealm, executionInfoShape, (call) => {
    const { realm, body } = call
    const { all, flow } = flowNamed(call, () => notFound('flow not found'))
    const parent = tree(all, flow).find((each) => each.executions.some((step) => step.id === body.id))
    if (parent === undefined) throw notFound('Illegal execution')
    const requirement = subFlowChoices.find((each) => each === body.requirement)
    if (requirement === undefined) throw wrongType()
    // A body without a priority puts the step first: Keycloak takes 0 for it.
    const steps = parent.executions.map((step) =>
      step.id === body.id ? { ...step, requirement, priority: body.priority ?? 0 } : step,
    )
    saveFlows(realm, renamedSubFlow(withFlow(all, { ...parent, executions: steps }), body))
    return undefined
  })
  executions.post('/execution', needs.manageRealm, newExecutionShape, (call) => {
    const { realm, body, url } = call
    const { all, flow } = flowNamed(call, () => badRequest("Parent flow doesn't exist"))
    if (flow.builtIn) throw badRequest('It is illegal to add execution to a built in flow')
    const provider = body.provider ?? ''
    if (!Object.hasOwn(flowProviders, provider)) {
      throw badRequest(`No authentication provider found for id: ${provider}`)
    }
    const { choices = [] } = flowProviders[provider] ?? {}
    const requirement = choices.length === 1 ? 'REQUIRED' : 'DISABLED'
    const execution = addExecution(realm, all, flow, { authenticator: provider, requirement })
    return created(url.replace(/\/flows\/[^/]+\/executions\/execution$/, `/executions/${execution.id}`))
  })
  executions.post('/flow', needs.manageRealm, newSubFlowShape, (call) => {
    const { realm, body, url } = call
    const { flow } = flowNamed(call, () => badRequest("Parent flow doesn't exist"))
    if (flow.builtIn) throw badRequest('It is illegal to add sub-flow to a built in flow')
    const alias = body.alias ?? ''
    if (flowByAlias(flowsOf(realm), alias) !== undefined) {
      throw conflict('New flow alias name already exists')
    }
    const inner = newFlow(realm, alias, body.type, body.description, false)
    const form = body.type === 'form-flow' && body.provider ? { authenticator: body.provider } : {}
    addExecution(realm, flowsOf(realm), flow, {
      ...form,
      flowId: inner.id,
      requirement: 'DISABLED',
    })
    return created(url.replace(/\/flows\/[^/]+\/executions\/flow$/, `/flows/${inner.id}`))
  })
}
