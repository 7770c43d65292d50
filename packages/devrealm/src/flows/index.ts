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
