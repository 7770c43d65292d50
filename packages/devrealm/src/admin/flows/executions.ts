import { randomUUID } from 'node:crypto'
import {
  type Execution,
  type Flow,
  flowsOf,
  parentOf,
  saveFlows,
  stepsOf,
  withFlow,
} from '../../flows/index.ts'
import { nothing } from '../body/index.ts'
import { badRequest, notFound } from '../errors.ts'
import { configShape } from '../representations/index.ts'
import { type AdminApi, type AnyCall, created, needs, ok } from '../request/index.ts'
import { configById } from './authenticator-configs.ts'
import { executionOf } from './flow-representations.ts'

/** One step of a flow by its id: `/authentication/executions/{id}`. */
export function executionRoutes(api: AdminApi): void {
  const one = api.resource('/authentication/executions/:executionId')
  const found = ({ realm, params }: AnyCall): { flow: Flow; step: Execution } => {
    const id = params['executionId'] ?? ''
    const flow = parentOf(flowsOf(realm), id)
    const step = flow?.executions.find((each) => each.id === id)
    if (flow === undefined || step === undefined) throw notFound('Illegal execution')
    return { flow, step }
  }
  one.get('', needs.viewRealm, (call) => ok(executionOf(flowsOf(call.realm), found(call).step)))
  one.delete('', needs.manageRealm, nothing, (call) => {
    const { flow, step } = found(call)
    if (flow.builtIn) throw badRequest('It is illegal to remove execution from a built in flow')
    const executions = flow.executions.filter((each) => each !== step)
    const all = flowsOf(call.realm)
    const configs = all.configs.filter((config) => config.id !== step.configId)
    saveFlows(call.realm, withFlow({ ...all, configs }, { ...flow, executions }))
    return undefined
  })
  for (const [path, by] of [
    ['/raise-priority', -1],
    ['/lower-priority', 1],
  ] as const) {
    one.post(path, needs.manageRealm, nothing, (call) => {
      const { flow, step } = found(call)
      if (flow.builtIn) throw badRequest('It is illegal to modify execution in a built in flow')
      const steps = stepsOf(flow)
      const at = steps.findIndex((each) => each.id === step.id)
      const other = steps[at + by]
      if (other === undefined) return undefined
      steps[at + by] = step
      steps[at] = other
      // Afterwards each step's position is its priority, so steps with equal priority become distinct.
      const executions = steps.map((each, index) => ({ ...each, priority: index }))
      saveFlows(call.realm, withFlow(flowsOf(call.realm), { ...flow, executions }))
      return undefined
    })
  }
  one.post('/config', needs.manageRealm, configShape, (call) => {
    const { body, url } = call
    const { flow, step } = found(call)
    const config = { id: randomUUID(), alias: body.alias ?? '', config: body.config ?? {} }
    const executions = flow.executions.map((each) =>
      each === step ? { ...each, configId: config.id } : each,
    )
    const all = flowsOf(call.realm)
    const configs = [...all.configs.filter((each) => each.id !== step.configId), config]
    saveFlows(call.realm, withFlow({ ...all, configs }, { ...flow, executions }))
    return created(`${url}/${config.id}`)
  })
  one.get('/config/:configId', needs.viewRealm, ({ realm, params }) => ok(configById(realm, params)))
}
