import { randomUUID } from 'node:crypto'
import { type Execution, type Flow, type FlowConfig, saveFlows, subFlowChoices } from '../../flows/index.ts'
import type { RequiredAction } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import type { Profile } from '../../user-profile/index.ts'
import { readBody } from '../body/index.ts'
import { conflict, duplicate, refused } from '../errors.ts'
import { hasTwice } from '../ids.ts'
import { addComponent, keyProviderType } from '../realms/index.ts'
import {
  type ComponentBody,
  type ExportedStepBody,
  type FlowBody,
  type RealmBody,
  type ScopeMappingBody,
  userProfileShape,
} from '../representations/index.ts'
import { requireProfileConfig } from '../users/index.ts'

/** The parts of an export without an endpoint for all of it: flows, required actions, user profile. */
export function importParts(realm: RealmStore, body: RealmBody): void {
  if (body.authenticationFlows !== undefined) {
    importFlows(realm, body.authenticationFlows, body.authenticatorConfig ?? [])
  }
  if (body.requiredActions !== undefined) importRequiredActions(realm, body.requiredActions)
  importKeys(realm, body.components?.[keyProviderType] ?? importedKeyPair(realm, body))
  const profile = exportedProfile(body.components)
  if (profile !== undefined) realm.update({ ...realm.info, userProfile: profile })
}

/** Old realm files have one key pair, as members of the realm: it signs, and others encrypt with it. */
function importedKeyPair(realm: RealmStore, { privateKey, certificate }: RealmBody): ComponentBody[] {
  if (typeof privateKey !== 'string' || privateKey === '') return []
  const config = {
    privateKey: [privateKey],
    priority: ['100'],
    ...(typeof certificate === 'string' ? { certificate: [certificate] } : {}),
  }
  const others = realm.keys.values().filter((key) => key.secret !== undefined)
  return [
    ...['rsa', 'rsa-enc'].map((id) => ({ name: id, providerId: id, config })),
    ...others.map(({ name = '', provider = '', config: own = {} }) => ({
      name,
      providerId: provider,
      config: Object.fromEntries(Object.entries(own).map(([member, values]) => [member, [...values]])),
    })),
  ]
}

/** Key providers of the file replace those of a new realm. */
function importKeys(realm: RealmStore, components: readonly ComponentBody[]): void {
  if (components.length === 0) return
  for (const key of realm.keys.values()) realm.keys.delete(key.id)
  for (const component of components) addComponent(realm, component, true)
}

function importRequiredActions(realm: RealmStore, bodies: readonly Partial<RequiredAction>[]): void {
  const given = bodies.map((body): RequiredAction => {
    const alias = body.alias ?? body.providerId ?? ''
    return {
      alias,
      name: body.name ?? alias,
      providerId: body.providerId ?? alias,
      enabled: body.enabled ?? false,
      defaultAction: body.defaultAction ?? false,
      priority: body.priority ?? 0,
      config: body.config ?? {},
    }
  })
  if (hasTwice(given.map(({ alias }) => alias))) {
    throw conflict('A Required Action Provider with given alias already exists.')
  }
  const others = realm.info.requiredActions.filter((each) => !given.some(({ alias }) => alias === each.alias))
  realm.update({ ...realm.info, requiredActions: [...given, ...others] })
}

/** Applies the `scopeMappings` and `clientScopeMappings` of the export to clients and client scopes. */
export function importScopeMappings(realm: RealmStore, body: RealmBody): void {
  const add = (mappings: readonly ScopeMappingBody[], owner?: string): void => {
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
  add(body.scopeMappings ?? [])
  for (const [clientId, mappings] of Object.entries(body.clientScopeMappings ?? {})) {
    const owner = realm.clientByName.get(clientId)
    if (owner !== undefined) add(mappings, owner.id)
  }
}

type ConfigBody = NonNullable<RealmBody['authenticatorConfig']>[number]

function importFlows(realm: RealmStore, exported: readonly FlowBody[], given: readonly ConfigBody[]): void {
  const configs = given.map(
    ({ id = randomUUID(), alias = '', config = {} }): FlowConfig => ({ id, alias, config }),
  )
  const named = exported.map((flow) => ({ ...flow, id: flow.id ?? randomUUID(), alias: flow.alias ?? '' }))
  requireTree(named)
  if (hasTwice(named.map(({ id }) => id)) || hasTwice(configs.map(({ id }) => id))) throw duplicate()
  const flows = named.map(
    ({
      authenticationExecutions = [],
      providerId = 'basic-flow',
      topLevel = false,
      builtIn = false,
      ...flow
    }): Flow => ({
      ...flow,
      providerId,
      topLevel,
      builtIn,
      executions: authenticationExecutions.map((step) => importedStep(step, named, configs)),
    }),
  )
  saveFlows(realm, { flows, configs })
}

function importedStep(
  step: ExportedStepBody,
  flows: readonly Pick<Flow, 'id' | 'alias'>[],
  configs: readonly FlowConfig[],
): Execution {
  const inner = flows.find((each) => each.alias === step.flowAlias)
  const config = configs.find((each) => each.alias === step.authenticatorConfig)
  const requirement = subFlowChoices.find((each) => each === step.requirement)
  if (requirement === undefined) throw refused('Database operation failed')
  return {
    id: randomUUID(),
    ...(step.authenticator === undefined ? {} : { authenticator: step.authenticator }),
    ...(inner === undefined ? {} : { flowId: inner.id }),
    requirement,
    priority: step.priority ?? 0,
    ...(config === undefined ? {} : { configId: config.id }),
  }
}

/** Checks that the flows form trees. */
function requireTree(flows: readonly (FlowBody & { alias: string })[]): void {
  const aliases = flows.map(({ alias }) => alias)
  if (hasTwice(aliases)) throw refused('Two authentication flows have the same alias')
  const parents = new Map<string, string>()
  for (const { alias, authenticationExecutions = [] } of flows) {
    if (alias === '') throw refused('An authentication flow has no alias')
    for (const { flowAlias } of authenticationExecutions) {
      if (flowAlias === undefined) continue
      if (!aliases.includes(flowAlias)) throw refused(`The authentication flow ${flowAlias} does not exist`)
      if (parents.has(flowAlias)) throw refused(`The authentication flow ${flowAlias} is used in two places`)
      parents.set(flowAlias, alias)
    }
  }
  for (const alias of parents.keys()) {
    let outer = parents.get(alias)
    for (let steps = 0; outer !== undefined && steps <= parents.size; steps += 1) {
      if (outer === alias) throw refused(`The authentication flow ${alias} contains itself`)
      outer = parents.get(outer)
    }
  }
}

/** An export has the user profile as a JSON string in a component. */
function exportedProfile(components: RealmBody['components']): Profile | undefined {
  const [component] = components?.['org.keycloak.userprofile.UserProfileProvider'] ?? []
  const text = component?.config?.['kc.user.profile.config']?.[0]
  if (text === undefined) return undefined
  const profile = readBody(userProfileShape, text)
  requireProfileConfig(profile)
  return profile
}
