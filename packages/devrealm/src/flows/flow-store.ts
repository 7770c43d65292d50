import { createHash } from 'node:crypto'
import type { RealmStore } from '../store/index.ts'
import { defaultFlows, type FlowDefinition, type StepDefinition } from './default-flows.ts'
import type { Requirement } from './flow-providers.ts'

/** One step of a flow: an authenticator, a subflow (`flowId`), or both for a form. */
export interface Execution {
  id: string
  authenticator?: string
  flowId?: string
  requirement: Requirement
  priority: number
  configId?: string
}

export interface Flow {
  id: string
  alias: string
  description?: string
  providerId: string
  topLevel: boolean
  builtIn: boolean
  executions: Execution[]
}

export interface FlowConfig {
  id: string
  alias: string
  config: Record<string, string>
}

/** A realm's authentication flows with the configuration of their steps. */
export interface Flows {
  readonly flows: readonly Flow[]
  readonly configs: readonly FlowConfig[]
}

/**
 * The realm's flows. Until one is changed, they are Keycloak's defaults with ids derived from the realm id, and nothing is
 * stored.
 */
export function flowsOf(realm: RealmStore): Flows {
  return (realm.info['flows'] as Flows | undefined) ?? defaults(realm.info.id)
}

export function saveFlows(realm: RealmStore, flows: Flows): void {
  realm.update({ ...realm.info, flows })
}

/** Members of a realm that name one of its flows. */
export const flowBindings: readonly string[] = [
  'browserFlow',
  'registrationFlow',
  'directGrantFlow',
  'resetCredentialsFlow',
  'clientAuthenticationFlow',
  'dockerAuthenticationFlow',
  'firstBrokerLoginFlow',
]

/** Steps in the order in which they run. */
export function stepsOf(flow: Flow): Execution[] {
  return [...flow.executions].sort((a, b) => a.priority - b.priority)
}

/** The flow with the alias, or undefined. */
export function flowByAlias({ flows }: Flows, alias: string): Flow | undefined {
  return flows.find((flow) => flow.alias === alias)
}

/** The flow that contains the step. */
export function parentOf({ flows }: Flows, executionId: string): Flow | undefined {
  return flows.find((flow) => flow.executions.some((execution) => execution.id === executionId))
}

/** The flow and its subflows, outermost first, each once. */
export function tree(all: Flows, flow: Flow): Flow[] {
  const found = new Set([flow])
  // Iterating a set includes entries that are added during the iteration.
  for (const each of found) {
    for (const { flowId } of each.executions) {
      const inner = flowId === undefined ? undefined : all.flows.find(({ id }) => id === flowId)
      if (inner !== undefined) found.add(inner)
    }
  }
  return [...found]
}

/** Replaces one flow. */
export function withFlow(all: Flows, changed: Flow): Flows {
  return { ...all, flows: all.flows.map((flow) => (flow.id === changed.id ? changed : flow)) }
}

/** Removes flows with their steps' configuration. */
export function withoutFlows(all: Flows, gone: readonly Flow[]): Flows {
  const configs = new Set(gone.flatMap((flow) => flow.executions.map((execution) => execution.configId)))
  return {
    flows: all.flows.filter((flow) => !gone.includes(flow)),
    configs: all.configs.filter((config) => !configs.has(config.id)),
  }
}

function defaults(realmId: string): Flows {
  const flows: Flow[] = []
  const configs: FlowConfig[] = []
  const add = (definition: FlowDefinition, topLevel: boolean): string => {
    const id = idFrom(realmId, definition.alias)
    const flow: Flow = {
      id,
      alias: definition.alias,
      ...(definition.description === undefined ? {} : { description: definition.description }),
      providerId: definition.providerId ?? 'basic-flow',
      topLevel,
      builtIn: true,
      executions: [],
    }
    flows.push(flow)
    flow.executions.push(...definition.steps.map((step, index) => addStep(definition, step, index)))
    return id
  }
  const addStep = (definition: FlowDefinition, step: StepDefinition, index: number): Execution => {
    const config = step.config && { id: idFrom(realmId, step.config.alias), ...step.config }
    if (config !== undefined) configs.push(config)
    return {
      id: idFrom(realmId, `${definition.alias}\0${index}`),
      ...(step.authenticator === undefined ? {} : { authenticator: step.authenticator }),
      ...(step.flow === undefined ? {} : { flowId: add(step.flow, false) }),
      requirement: step.requirement,
      priority: step.priority,
      ...(config === undefined ? {} : { configId: config.id }),
    }
  }
  for (const definition of defaultFlows) add(definition, true)
  return { flows, configs }
}

function idFrom(realmId: string, name: string): string {
  const hex = createHash('sha256').update(`${realmId}\0${name}`).digest('hex')
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-a$4-$5')
}
