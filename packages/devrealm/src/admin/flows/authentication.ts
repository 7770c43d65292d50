import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { RealmContext } from '../../context/realm-context.ts'
import { providersOf } from '../../flows/flow-providers.ts'
import {
  type Execution,
  type Flow,
  type FlowConfig,
  flowsOf,
  parentOf,
  saveFlows,
  stepsOf,
  withFlow,
} from '../../flows/flow-store.ts'
import type { RequiredAction } from '../../model/index.ts'
import type { RealmStore } from '../../store/realm-store.ts'
import { requiredActionShape } from '../representations/fields.ts'
import { configShape } from '../representations/flow-fields.ts'
import { needs } from '../request/access.ts'
import { badRequest, notFound } from '../request/errors.ts'
import { type Call, created, Family, none, nothing, ok } from '../request/router.ts'
import { executionOf } from './flow-representations.ts'
import { flowRoutes } from './flows.ts'

/** `/authentication`: flows, their steps and configuration, required actions. */
export function authenticationRoutes(app: FastifyInstance, context: RealmContext): void {
  flowRoutes(app, context)
  executionRoutes(app, context)
  configRoutes(app, context)
  requiredActionRoutes(app, context)
  providerRoutes(app, context)
}

/** What flows can be made of. */
function providerRoutes(app: FastifyInstance, context: RealmContext): void {
  const lists = new Family(app, context, '/authentication', none)
  for (const list of ['authenticator', 'client-authenticator', 'form-action'] as const) {
    lists.get(`/${list}-providers`, needs.viewRealm, () => ok(providersOf(list)))
  }
}

function executionRoutes(app: FastifyInstance, context: RealmContext): void {
  const one = new Family(app, context, '/authentication/executions/:executionId', none)
  const found = ({ realm, params }: Call): { flow: Flow; step: Execution } => {
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
      // Each step's place is its priority afterwards: those that shared one are told apart.
      const executions = steps.map((each, index) => ({ ...each, priority: index }))
      saveFlows(call.realm, withFlow(flowsOf(call.realm), { ...flow, executions }))
      return undefined
    })
  }
  one.post('/config', needs.manageRealm, configShape, ({ body, url, ...call }) => {
    const { flow, step } = found({ ...call, body: undefined, url })
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

function configRoutes(app: FastifyInstance, context: RealmContext): void {
  const one = new Family(app, context, '/authentication/config/:configId', none)
  one.get('', needs.viewRealm, ({ realm, params }) => ok(configById(realm, params)))
  one.put('', needs.manageRealm, configShape, ({ realm, params, body }) => {
    const { id } = configById(realm, params)
    const all = flowsOf(realm)
    const changed = { id, alias: body.alias ?? '', config: body.config ?? {} }
    saveFlows(realm, { ...all, configs: all.configs.map((each) => (each.id === id ? changed : each)) })
    return undefined
  })
  one.delete('', needs.manageRealm, nothing, ({ realm, params }) => {
    const { id } = configById(realm, params)
    const all = flowsOf(realm)
    const flows = all.flows.map((flow) => ({
      ...flow,
      executions: flow.executions.map((step) => {
        const { configId, ...rest } = step
        return configId === id ? rest : step
      }),
    }))
    saveFlows(realm, { flows, configs: all.configs.filter((each) => each.id !== id) })
    return undefined
  })
}

function configById(realm: RealmStore, params: Call['params']): FlowConfig {
  const config = flowsOf(realm).configs.find((each) => each.id === params['configId'])
  if (config === undefined) throw notFound('Could not find authenticator config')
  return config
}

function requiredActionRoutes(app: FastifyInstance, context: RealmContext): void {
  const list = new Family(app, context, '/authentication', none)
  list.get('/required-actions', needs.viewRequiredActions, ({ realm }) =>
    ok([...realm.info.requiredActions].sort((a, b) => a.priority - b.priority)),
  )
  list.get('/unregistered-required-actions', needs.viewRealm, () => ok([]))

  const one = new Family(app, context, '/authentication/required-actions/:alias', none)
  const found = ({ realm, params }: Call): RequiredAction => {
    const action = realm.info.requiredActions.find((each) => each.alias === params['alias'])
    if (action === undefined) throw notFound('Failed to find required action')
    return action
  }
  one.get('', needs.viewRequiredActions, (call) => ok(found(call)))
  // The body replaces the action but for its provider: one without an alias leaves it without.
  one.put('', needs.manageRealm, requiredActionShape, ({ body, ...call }) => {
    const action = found({ ...call, body: undefined })
    const changed: RequiredAction = {
      alias: body.alias ?? '',
      name: body.name ?? '',
      providerId: action.providerId,
      enabled: body.enabled ?? false,
      defaultAction: body.defaultAction ?? false,
      priority: body.priority ?? 0,
      config: body.config ?? {},
    }
    const { realm } = call
    const requiredActions = realm.info.requiredActions.map((each) => (each === action ? changed : each))
    realm.update({ ...realm.info, requiredActions })
    return undefined
  })
  one.delete('', needs.manageRealm, nothing, (call) => {
    const action = found(call)
    const { realm } = call
    realm.update({
      ...realm.info,
      requiredActions: realm.info.requiredActions.filter((each) => each !== action),
    })
    return undefined
  })
}
