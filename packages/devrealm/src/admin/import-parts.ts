import { randomUUID } from 'node:crypto'
import type { RequiredAction } from '../model.ts'
import type { RealmStore } from '../store/realm-store.ts'
import { duplicate, refused } from './errors.ts'
import type { Requirement } from './flow-providers.ts'
import { type Execution, type Flow, type FlowConfig, saveFlows } from './flow-store.ts'
import { hasTwice } from './ids.ts'
import type { RealmBody } from './realm-fields.ts'

interface ExportedFlow extends Omit<Flow, 'executions'> {
  authenticationExecutions?: {
    authenticator?: string
    flowAlias?: string
    requirement: Requirement
    priority: number
    authenticatorConfig?: string
  }[]
}

/** The parts of an export that have no endpoint taking them as a whole: flows, required actions, user profile. */
export function importParts(realm: RealmStore, body: RealmBody): void {
  if (Array.isArray(body['authenticationFlows'])) {
    const configs = (body['authenticatorConfig'] ?? []) as FlowConfig[]
    importFlows(realm, body['authenticationFlows'] as ExportedFlow[], configs)
  }
  if (Array.isArray(body.requiredActions)) {
    const given = body.requiredActions as RequiredAction[]
    const others = realm.info.requiredActions.filter(
      (each) => !given.some(({ alias }) => alias === each.alias),
    )
    realm.update({ ...realm.info, requiredActions: [...given, ...others] })
  }
  const profile = exportedProfile(body['components'])
  if (profile !== undefined) realm.update({ ...realm.info, userProfile: profile })
}

/** Gives clients and client scopes the roles that the export's `scopeMappings` and `clientScopeMappings` name. */
export function importScopeMappings(realm: RealmStore, body: RealmBody): void {
  interface Mapping {
    client?: string
    clientScope?: string
    roles?: string[]
  }
  const add = (mappings: readonly Mapping[], owner?: string): void => {
    for (const { client: clientId, clientScope, roles = [] } of mappings) {
      const found = roles.map((name) => realm.role(name, owner)?.id).filter((id) => id !== undefined)
      const client = clientId === undefined ? undefined : realm.clientByName.get(clientId)
      const scope = clientScope === undefined ? undefined : realm.scopeByName.get(clientScope)
      const merged = (before: readonly string[]): string[] => [...new Set([...before, ...found])]
      if (client !== undefined) {
        realm.clients.put({ ...client, scopeMappings: merged(client.scopeMappings) })
      }
      if (scope !== undefined) {
        realm.clientScopes.put({ ...scope, scopeMappings: merged(scope.scopeMappings) })
      }
    }
  }
  add((body['scopeMappings'] ?? []) as Mapping[])
  for (const [clientId, mappings] of Object.entries((body['clientScopeMappings'] ?? {}) as object)) {
    const owner = realm.clientByName.get(clientId)
    if (owner !== undefined) add(mappings as Mapping[], owner.id)
  }
}

function importFlows(
  realm: RealmStore,
  exported: readonly ExportedFlow[],
  given: readonly FlowConfig[],
): void {
  const configs = given.map((config) => ({ ...config, id: config.id ?? randomUUID() }))
  const named = exported.map((flow) => ({ ...flow, id: flow.id ?? randomUUID() }))
  requireTree(named)
  if (hasTwice(named.map(({ id }) => id)) || hasTwice(configs.map(({ id }) => id))) throw duplicate()
  const flows = named.map(({ authenticationExecutions = [], ...flow }): Flow => {
    const executions = authenticationExecutions.map((step): Execution => {
      const inner = named.find((each) => each.alias === step.flowAlias)
      const config = configs.find((each) => each.alias === step.authenticatorConfig)
      return {
        id: randomUUID(),
        ...(step.authenticator === undefined ? {} : { authenticator: step.authenticator }),
        ...(inner === undefined ? {} : { flowId: inner.id }),
        requirement: step.requirement,
        priority: step.priority,
        ...(config === undefined ? {} : { configId: config.id }),
      }
    })
    return { ...flow, executions }
  })
  saveFlows(realm, { flows, configs })
}

/** Flows are within each other as branches of trees are. */
function requireTree(flows: readonly ExportedFlow[]): void {
  const aliases = flows.map(({ alias }) => alias)
  if (hasTwice(aliases)) throw refused('Two authentication flows have one alias')
  const parents = new Map<string, string>()
  for (const { alias, authenticationExecutions = [] } of flows) {
    if (alias === undefined) throw refused('An authentication flow has no alias')
    for (const { flowAlias } of authenticationExecutions) {
      if (flowAlias === undefined) continue
      if (!aliases.includes(flowAlias)) throw refused(`The authentication flow ${flowAlias} does not exist`)
      if (parents.has(flowAlias)) throw refused(`The authentication flow ${flowAlias} is within two places`)
      parents.set(flowAlias, alias)
    }
  }
  for (const alias of parents.keys()) {
    let outer = parents.get(alias)
    for (let steps = 0; outer !== undefined && steps <= parents.size; steps += 1) {
      if (outer === alias) throw refused(`The authentication flow ${alias} is within itself`)
      outer = parents.get(outer)
    }
  }
}

/** An export hides the user profile as a JSON text in a component. */
function exportedProfile(components: unknown): unknown {
  interface Component {
    config?: Record<string, string[]>
  }
  const all = (components ?? {}) as Record<string, Component[] | undefined>
  const [component] = all['org.keycloak.userprofile.UserProfileProvider'] ?? []
  const text = component?.config?.['kc.user.profile.config']?.[0]
  return text === undefined ? undefined : (JSON.parse(text) as unknown)
}
