import { type FlowConfig, flowsOf, saveFlows } from '../../flows/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { nothing } from '../body/index.ts'
import { notFound } from '../errors.ts'
import { configShape } from '../representations/index.ts'
import { type AdminApi, type Call, needs, ok } from '../request/index.ts'

/** The configuration of a step: `/authentication/config/{id}`. */
export function configRoutes(api: AdminApi): void {
  const one = api.resource('/authentication/config/:configId')
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

export function configById(realm: RealmStore, params: Call['params']): FlowConfig {
  const config = flowsOf(realm).configs.find((each) => each.id === params['configId'])
  if (config === undefined) throw notFound('Could not find authenticator config')
  return config
}
