import {
  type Execution,
  type Flow,
  type FlowConfig,
  type Flows,
  flowProviders,
  formFlowChoices,
  parentOf,
  stepsOf,
  subFlowChoices,
} from '../../flows/index.ts'

/** AuthenticationFlowRepresentation: a flow with its own steps, without those of its subflows. */
export function flowOf(all: Flows, flow: Flow): Record<string, unknown> {
  return {
    id: flow.id,
    alias: flow.alias,
    ...(flow.description === undefined ? {} : { description: flow.description }),
    providerId: flow.providerId,
    topLevel: flow.topLevel,
    builtIn: flow.builtIn,
    authenticationExecutions: stepsOf(flow).map((step) => ({
      ...(step.configId === undefined ? {} : { authenticatorConfig: configOf(all, step)?.alias }),
      ...stepOf(step),
      ...(step.flowId === undefined ? {} : { flowAlias: innerFlow(all, step)?.alias }),
      userSetupAllowed: false,
    })),
  }
}

/** AuthenticationExecutionRepresentation: a single step. */
export function executionOf(all: Flows, step: Execution): Record<string, unknown> {
  return {
    ...(step.configId === undefined ? {} : { authenticatorConfig: step.configId }),
    ...stepOf(step),
    id: step.id,
    ...(step.flowId === undefined ? {} : { flowId: step.flowId }),
    parentFlow: parentOf(all, step.id)?.id,
  }
}

/** AuthenticationExecutionInfoRepresentations: all steps of a flow and its subflows, depth first; each flow once. */
export function executionsOf(
  all: Flows,
  flow: Flow,
  level = 0,
  shown: Set<Flow> = new Set(),
): Record<string, unknown>[] {
  shown.add(flow)
  return stepsOf(flow).flatMap((step, index) => {
    const inner = innerFlow(all, step)
    const place = { level, index, priority: step.priority }
    if (inner === undefined) return [{ ...authenticatorInfo(all, step), ...place }]
    const info = {
      id: step.id,
      requirement: step.requirement,
      displayName: inner.alias,
      ...(inner.description === undefined ? {} : { description: inner.description }),
      requirementChoices: inner.providerId === 'form-flow' ? formFlowChoices : subFlowChoices,
      configurable: false,
      authenticationFlow: true,
      ...(step.authenticator === undefined ? {} : { providerId: step.authenticator }),
      flowId: inner.id,
      ...place,
    }
    return shown.has(inner) ? [info] : [info, ...executionsOf(all, inner, level + 1, shown)]
  })
}

export function configOf({ configs }: Flows, step: Execution): FlowConfig | undefined {
  return configs.find((config) => config.id === step.configId)
}

export function innerFlow({ flows }: Flows, step: Execution): Flow | undefined {
  return step.flowId === undefined ? undefined : flows.find((flow) => flow.id === step.flowId)
}

function stepOf(step: Execution): Record<string, unknown> {
  const isFlow = step.flowId !== undefined
  return {
    ...(step.authenticator === undefined ? {} : { authenticator: step.authenticator }),
    authenticatorFlow: isFlow,
    requirement: step.requirement,
    priority: step.priority,
    // Keycloak writes this member twice, once misspelled.
    autheticatorFlow: isFlow,
  }
}

function authenticatorInfo(all: Flows, step: Execution): Record<string, unknown> {
  const provider = flowProviders[step.authenticator ?? '']
  const config = configOf(all, step)
  return {
    id: step.id,
    requirement: step.requirement,
    displayName: provider?.displayName ?? step.authenticator,
    ...(config === undefined ? {} : { alias: config.alias }),
    requirementChoices: provider?.choices ?? [],
    configurable: provider?.configurable ?? false,
    providerId: step.authenticator,
    ...(config === undefined ? {} : { authenticationConfig: config.id }),
  }
}
