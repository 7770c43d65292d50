import { randomUUID } from 'node:crypto'
import {
  type Execution,
  type Flow,
  type Flows,
  flowBindings,
  flowByAlias,
  flowProviders,
  flowsOf,
  saveFlows,
  subFlowChoices,
  tree,
  withFlow,
  withoutFlows,
} from '../../flows/index.ts'
import type { RealmStore } from '../../store/realm-store.ts'
import { nothing } from '../body/index.ts'
import { badRequest, conflict, duplicate, notFound, refused, unforeseen, wrongType } from '../errors.ts'
import {
  executionInfoShape,
  flowShape,
  newExecutionShape,
  newNameShape,
  newSubFlowShape,
} from '../representations/index.ts'
import { type AdminApi, type Call, created, needs, ok } from '../request/index.ts'
import { copyFlow, executionsOf, flowOf } from './flow-representations.ts'

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
  // One path segment is a flow's id here and its name below: a router has one parameter for both.
  const byId = api.resource('/authentication/flows/:flow')
  const found = ({ realm, params }: Call, words: string): Flow => {
    const flow = flowsOf(realm).flows.find((each) => each.id === params['flow'])
    if (flow === undefined) throw notFound(words)
    return flow
  }
  byId.get('', needs.viewRealm, (call) =>
    ok(flowOf(flowsOf(call.realm), found(call, 'Could not find flow with id'))),
  )
  byId.put('', needs.manageRealm, flowShape, ({ realm, params, body }) => {
    const all = flowsOf(realm)
    const flow = all.flows.find((each) => each.id === params['flow'])
    if (flow === undefined) throw notFound('Could not find flow with id')
    if (body.alias === undefined || body.alias === '')
      throw refused('Failed to update flow with empty alias name')
    // Keycloak's database refuses a flow without a type, in the words for a second one of a name.
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
  byId.delete('', needs.manageRealm, nothing, (call) => {
    deleteFlow(call.realm, found(call, 'Flow not found'))
    return undefined
  })
  namedFlowRoutes(api)
}

function namedFlowRoutes(api: AdminApi): void {
  const named = api.resource('/authentication/flows/:flow')
  const byName = ({ realm, params }: Call, otherwise: () => Error): { all: Flows; flow: Flow } => {
    const all = flowsOf(realm)
    const flow = flowByAlias(all, params['flow'] ?? '')
    if (flow === undefined) throw otherwise()
    return { all, flow }
  }
  named.post('/copy', needs.manageRealm, newNameShape, ({ body, url, ...call }) => {
    const { all, flow } = byName({ ...call, body: undefined, url }, () => notFound('Flow not found'))
    const alias = body.newName ?? `Copy of ${flow.alias}`
    if (flowByAlias(all, alias) !== undefined) throw conflict('New flow alias name already exists')
    const copied = copyFlow(all, flow, alias)
    saveFlows(call.realm, copied.all)
    return created(`${url}/${copied.id}`)
  })
  named.get('/executions', needs.viewRealm, (call) => {
    const { all, flow } = byName(call, () => notFound('Flow not found'))
    return ok(executionsOf(all, flow))
  })
  named.put('/executions', needs.manageRealm, executionInfoShape, ({ body, ...call }) => {
    const { all, flow } = byName({ ...call, body: undefined }, () => notFound('flow not found'))
    const parent = tree(all, flow).find((each) => each.executions.some((step) => step.id === body.id))
    if (parent === undefined) throw notFound('Illegal execution')
    const requirement = subFlowChoices.find((each) => each === body.requirement)
    if (requirement === undefined) throw wrongType()
    // A body without a priority puts the step first: Keycloak takes 0 for it.
    const executions = parent.executions.map((step) =>
      step.id === body.id ? { ...step, requirement, priority: body.priority ?? 0 } : step,
    )
    saveFlows(call.realm, renamedSubFlow(withFlow(all, { ...parent, executions }), body))
    return undefined
  })
  named.post('/executions/execution', needs.manageRealm, newExecutionShape, ({ body, url, ...call }) => {
    const { all, flow } = byName({ ...call, body: undefined, url }, () =>
      badRequest("Parent flow doesn't exist"),
    )
    if (flow.builtIn) throw badRequest('It is illegal to add execution to a built in flow')
    const provider = body.provider ?? ''
    if (!Object.hasOwn(flowProviders, provider)) {
      throw badRequest(`No authentication provider found for id: ${provider}`)
    }
    const { choices = [] } = flowProviders[provider] ?? {}
    const requirement = choices.length === 1 ? 'REQUIRED' : 'DISABLED'
    const execution = addExecution(call.realm, all, flow, { authenticator: provider, requirement })
    return created(url.replace(/\/flows\/[^/]+\/executions\/execution$/, `/executions/${execution.id}`))
  })
  named.post('/executions/flow', needs.manageRealm, newSubFlowShape, ({ body, url, ...call }) => {
    const { flow } = byName({ ...call, body: undefined, url }, () => badRequest("Parent flow doesn't exist"))
    if (flow.builtIn) throw badRequest('It is illegal to add sub-flow to a built in flow')
    const alias = body.alias ?? ''
    if (flowByAlias(flowsOf(call.realm), alias) !== undefined) {
      throw conflict('New flow alias name already exists')
    }
    const inner = newFlow(call.realm, alias, body.type, body.description, false)
    const form = body.type === 'form-flow' && body.provider ? { authenticator: body.provider } : {}
    addExecution(call.realm, flowsOf(call.realm), flow, {
      ...form,
      flowId: inner.id,
      requirement: 'DISABLED',
    })
    return created(url.replace(/\/flows\/[^/]+\/executions\/flow$/, `/flows/${inner.id}`))
  })
}

function newFlow(
  realm: RealmStore,
  alias: string,
  providerId: string | undefined,
  description: string | undefined,
  topLevel: boolean,
): Flow {
  const all = flowsOf(realm)
  if (flowByAlias(all, alias) !== undefined) throw conflict(`Flow ${alias} already exists`)
  const flow: Flow = {
    id: randomUUID(),
    alias,
    ...(description === undefined ? {} : { description }),
    providerId: providerId ?? 'basic-flow',
    topLevel,
    builtIn: false,
    executions: [],
  }
  saveFlows(realm, { ...all, flows: [...all.flows, flow] })
  return flow
}

function addExecution(
  realm: RealmStore,
  all: Flows,
  flow: Flow,
  step: Omit<Execution, 'id' | 'priority'>,
): Execution {
  const priorities = flow.executions.map((each) => each.priority)
  const priority = priorities.length === 0 ? 0 : Math.max(...priorities) + 1
  const execution = { id: randomUUID(), ...step, priority }
  saveFlows(realm, withFlow(all, { ...flow, executions: [...flow.executions, execution] }))
  return execution
}

function deleteFlow(realm: RealmStore, flow: Flow): void {
  const all = flowsOf(realm)
  if (flow.builtIn) throw badRequest("Can't delete built in flow")
  if (flowBindings.some((member) => realm.info[member] === flow.alias)) throw unforeseen()
  const rest = withoutFlows(all, tree(all, flow))
  const flows = rest.flows.map((each) => ({
    ...each,
    executions: each.executions.filter((step) => step.flowId !== flow.id),
  }))
  saveFlows(realm, { ...rest, flows })
}

/** The name and description of a step that is a flow are the inner flow's. */
function renamedSubFlow(
  all: Flows,
  body: { flowId?: string; displayName?: string; description?: string },
): Flows {
  const inner = body.flowId === undefined ? undefined : all.flows.find((flow) => flow.id === body.flowId)
  if (inner === undefined || body.displayName === undefined) return all
  const { description = inner.description } = body
  return withFlow(all, {
    ...inner,
    alias: body.displayName,
    ...(description === undefined ? {} : { description }),
  })
}
