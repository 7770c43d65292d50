import { providersOf } from '../../flows/index.ts'
import { type AdminApi, needs, ok } from '../request/index.ts'
import { configRoutes } from './authenticator-configs.ts'
import { executionRoutes } from './executions.ts'
import { flowExecutionRoutes } from './flow-executions.ts'
import { flowRoutes } from './flows.ts'
import { requiredActionRoutes } from './required-actions.ts'

/** `/authentication`: flows, their steps and configuration, required actions. */
export function authenticationRoutes(api: AdminApi): void {
  flowRoutes(api)
  flowExecutionRoutes(api)
  executionRoutes(api)
  configRoutes(api)
  requiredActionRoutes(api)
  providerRoutes(api)
}

/** The providers for flows. */
function providerRoutes(api: AdminApi): void {
  const lists = api.resource('/authentication')
  for (const list of ['authenticator', 'client-authenticator', 'form-action'] as const) {
    lists.get(`/${list}-providers`, needs.viewRealm, () => ok(providersOf(list)))
  }
}
