/**
 * Authentication flows. In: a realm. Out: its flows, Keycloak's own included, and the authenticators to build them
 * from. Uses store; login and the Admin API use it.
 */

export { flowProviders, formFlowChoices, providersOf, subFlowChoices } from './flow-providers.ts'
export {
  type Execution,
  type Flow,
  type FlowConfig,
  type Flows,
  flowBindings,
  flowByAlias,
  flowsOf,
  parentOf,
  saveFlows,
  stepsOf,
  tree,
  withFlow,
  withoutFlows,
} from './flow-store.ts'
