import { refused } from '../errors.ts'
import type { ClientBody, MapperBody, RealmBody } from '../representations/index.ts'
import {
  browserAuthenticators,
  clientAttributesLeftOut,
  clientSettingsLeftOut,
  componentsLeftOut,
  mappersLeftOut,
  partsLeftOut,
  realmSettingsLeftOut,
  switchesLeftOut,
  type Values,
} from './settings.ts'

/** A setting that Keycloak acts on and the embedded realm does not. */
export interface LeftOut {
  /** The JSON path in the representation: `clients[0].attributes["minimum.acr.value"]`. */
  readonly path: string
  readonly what: string
}

/** Settings of a realm file that change security or tokens and have no effect here. */
export function leftOutOfRealm(body: RealmBody): LeftOut[] {
  return [
    ...leftOutOfSettings(body),
    ...Object.entries(componentsLeftOut).flatMap(([type, what]) =>
      (body.components?.[type] ?? []).map((_, index) => ({
        path: `components${member(type)}[${index}]`,
        what,
      })),
    ),
    ...leftOutOfPolicies(body),
    ...leftOutOfBrowserFlow(body),
    ...(body.clientScopes ?? []).flatMap(({ protocolMappers }, index) =>
      leftOutOfMappers(protocolMappers, `clientScopes[${index}].protocolMappers`),
    ),
    ...(body.clients ?? []).flatMap((client, index) => [
      ...leftOutOfClient(client, `clients[${index}].`),
      ...leftOutOfOverrides(client, `clients[${index}].`),
    ]),
  ]
}

/** Members of the realm itself. */
export function leftOutOfSettings(body: RealmBody): LeftOut[] {
  return found(body as Record<string, unknown>, realmSettingsLeftOut, (name) => name)
}

export function leftOutOfClient(body: ClientBody, prefix = ''): LeftOut[] {
  return [
    ...found(body as Record<string, unknown>, clientSettingsLeftOut, (name) => prefix + name),
    ...found(body.attributes ?? {}, clientAttributesLeftOut, (name) => `${prefix}attributes${member(name)}`),
    ...leftOutOfMappers(body.protocolMappers, `${prefix}protocolMappers`),
  ]
}

/** Flows of a single client. The Admin API keeps them, a realm file that needs them is refused. */
function leftOutOfOverrides(
  { authenticationFlowBindingOverrides: flows = {} }: ClientBody,
  prefix: string,
): LeftOut[] {
  return Object.entries(flows)
    .filter(([, id]) => id)
    .map(([name]) => ({
      path: `${prefix}authenticationFlowBindingOverrides${member(name)}`,
      what: 'a flow of a single client',
    }))
}

export function leftOutOfMappers(mappers: readonly MapperBody[] = [], path = 'protocolMappers'): LeftOut[] {
  return mappers.flatMap(({ protocolMapper: type = '' }, index) =>
    mappersLeftOut.has(type)
      ? [{ path: `${path}[${index}].protocolMapper`, what: `the mapper ${type}` }]
      : [],
  )
}

/** What a realm file has that is kept or dropped without an effect, and changes neither security nor tokens. */
export function unusedPartsOf(body: RealmBody): LeftOut[] {
  const parts = partsLeftOut.flatMap((path) => {
    const value = (body as Record<string, unknown>)[path]
    const count = typeof value === 'object' && value !== null ? Object.keys(value).length : 0
    return count === 0 ? [] : [{ path, what: `${count} of them` }]
  })
  const switches = switchesLeftOut
    .filter((path) => (body as Record<string, unknown>)[path] === true)
    .map((path) => ({ path, what: 'no page for it' }))
  return [...parts, ...switches, ...linksOf(body)]
}

/**
 * Refuses the settings by name.
 *
 * @param kept Settings that the stored object has already, from a lenient import: they may stay.
 * @throws {AdminError} 400
 */
export function refuseLeftOut(given: readonly LeftOut[], kept: readonly LeftOut[] = []): void {
  const fresh = given.filter(({ path }) => !kept.some((each) => each.path === path))
  if (fresh.length === 0) return
  throw refused(`${describe(fresh)}: not in the embedded realm; ${realKeycloak}`)
}

export const realKeycloak = 'use the real Keycloak (cloakwright keycloak)'

/** `organizationsEnabled (organizations), …`. */
export function describe(settings: readonly LeftOut[]): string {
  return settings.map(({ path, what }) => `${path} (${what})`).join(', ')
}

function found(
  body: Readonly<Record<string, unknown>>,
  values: Values,
  pathOf: (name: string) => string,
): LeftOut[] {
  return Object.entries(values)
    .filter(([name, { when }]) => when(body[name]))
    .map(([name, { what }]) => ({ path: pathOf(name), what }))
}

/** Enabled client policies whose executors have no effect; `secret-rotation` has. */
export function leftOutOfPolicies({
  clientPolicies,
  clientProfiles,
}: Pick<RealmBody, 'clientPolicies' | 'clientProfiles'>): LeftOut[] {
  return (clientPolicies?.policies ?? []).flatMap((policy, index) => {
    const { enabled, profiles = [] } = policy as typeof policy & { enabled?: boolean }
    const used = (clientProfiles?.profiles ?? []).filter(({ name }) => profiles.some((each) => each === name))
    const names = used.flatMap(({ executors = [] }) => executors.map(({ executor }) => executor))
    const others = names.filter((name) => name !== undefined && name !== 'secret-rotation')
    if (enabled !== true || others.length === 0) return []
    return [{ path: `clientPolicies.policies[${index}]`, what: `executors ${others.join(', ')}` }]
  })
}

function leftOutOfBrowserFlow({ authenticationFlows: flows = [], browserFlow }: RealmBody): LeftOut[] {
  const seen = new Set<string>()
  const visit = (alias: string): LeftOut[] => {
    const index = flows.findIndex((flow) => flow.alias === alias)
    if (index === -1 || seen.has(alias)) return []
    seen.add(alias)
    return (flows[index]?.authenticationExecutions ?? []).flatMap((step, place): LeftOut[] => {
      const { authenticator, flowAlias, requirement } = step
      if (requirement === 'DISABLED') return []
      if (flowAlias !== undefined) return visit(flowAlias)
      if (authenticator === undefined || browserAuthenticators.has(authenticator)) return []
      const path = `authenticationFlows[${index}].authenticationExecutions[${place}]`
      return [{ path, what: `the authenticator ${authenticator}` }]
    })
  }
  return visit((browserFlow as string | undefined) ?? 'browser')
}

function linksOf({ users = [] }: RealmBody): LeftOut[] {
  const linked = users.filter((user) => {
    const { federatedIdentities: links } = user as { federatedIdentities?: unknown[] }
    return links !== undefined && links.length > 0
  })
  return linked.length === 0
    ? []
    : [{ path: 'users[].federatedIdentities', what: `of ${linked.length} users` }]
}

/** `["minimum.acr.value"]`, or `.browser` if that is enough. */
function member(name: string): string {
  return /^\w+$/.test(name) ? `.${name}` : `["${name}"]`
}
