import { randomUUID } from 'node:crypto'
import {
  type Execution,
  type Flow,
  type Flows,
  flowBindings,
  flowByAlias,
  flowsOf,
  saveFlows,
  tree,
  withFlow,
  withoutFlows,
} from '../../flows/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { badRequest, conflict, unforeseen } from '../errors.ts'
import type { AnyCall } from '../request/index.ts'
import { configOf, innerFlow } from './flow-representations.ts'

/**
 * The flow with the alias in the path, and all flows of the realm.
 *
 * @throws {Error} `otherwise` if there is none
 */
export function flowNamed({ realm, params }: AnyCall, otherwise: () => Error): { all: Flows; flow: Flow } {
  const all = flowsOf(realm)
  const flow = flowByAlias(all, params['flow'] ?? '')
  if (flow === undefined) throw otherwise()
  return { all, flow }
}

/** Adds a step at the end of a flow. */
export function addExecution(
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

/** A subflow step has the name and description of its flow. */
export function renamedSubFlow(
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

/**
 * Adds a flow without steps.
 *
 * @throws {AdminError} 409 if another flow has the alias
 */
export function newFlow(
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

/** Deletes a flow with its subflows and the steps that refer to it. */
export function deleteFlow(realm: RealmStore, flow: Flow): void {
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

/** Copies a flow with its subflows; their names start with the name of the copy. */
export function copyFlow(all: Flows, flow: Flow, alias: string): { all: Flows; id: string } {
  const flows = [...all.flows]
  const configs = [...all.configs]
  const copies = new Map<Flow, string>()
  const copy = (from: Flow, name: string): string => {
    const made = copies.get(from)
    if (made !== undefined) return made
    const id = randomUUID()
    copies.set(from, id)
    const executions = from.executions.map((step): Execution => {
      const inner = innerFlow(all, step)
      const config = configOf(all, step)
      const copied = config && { ...config, id: randomUUID(), alias: `${alias} ${config.alias}` }
      if (copied !== undefined) configs.push(copied)
      return {
        ...step,
        id: randomUUID(),
        ...(inner === undefined ? {} : { flowId: copy(inner, `${alias} ${inner.alias}`) }),
        ...(copied === undefined ? {} : { configId: copied.id }),
      }
    })
    flows.push({ ...from, id, alias: name, builtIn: false, executions })
    return id
  }
  const id = copy(flow, alias)
  return { all: { flows, configs }, id }
}
