import { join } from '../../fields/index.ts'
import type { RoleNames } from '../../lookup/index.ts'
import type {
  ExecutionDefinition,
  FlowDefinition,
  GroupDefinition,
  RealmDefinition,
  RoleDefinition,
} from './model.ts'
import { bindings } from './model-settings.ts'

/** What a definition refers to and does not declare itself. */
export interface Reference {
  /** Where in the definition: a JSON path. */
  readonly path: string
  readonly target: Target
}

/** What is referred to, by its name. */
export type Target = ObjectTarget | ProviderTarget

/** An object of the realm. */
export type ObjectTarget =
  | {
      readonly kind:
        | 'realm role'
        | 'client'
        | 'client scope'
        | 'group'
        | 'authentication flow'
        | 'required action'
      readonly name: string
    }
  | { readonly kind: 'client role'; readonly clientId: string; readonly name: string }

/** What the server brings, the same for all realms. */
export interface ProviderTarget {
  readonly kind: ProviderKind
  readonly name: string
}

/** What runs in a flow, by the kind of the flow. */
export type ProviderKind = 'authenticator' | 'client authenticator' | 'form action'

/** Every reference of a definition to something that it does not declare, in the order of the definition's fields. */
export function outwardReferences(definition: RealmDefinition): readonly Reference[] {
  const isDeclared = declaredIn(definition)
  return allReferences(definition).filter(({ target }) => !isDeclared(target))
}

function declaredIn({ roles, clients, clientScopes, groups, authenticationFlows }: RealmDefinition) {
  const names = {
    'realm role': new Set(roles?.realm?.map(({ name }) => name)),
    client: new Set(clients?.map(({ clientId }) => clientId)),
    'client scope': new Set(clientScopes?.map(({ name }) => name)),
    group: new Set(groupPaths(groups ?? [], '')),
    'authentication flow': new Set((authenticationFlows ?? []).flatMap(flowAliases)),
  }
  const clientRoles = new Map(
    Object.entries(roles?.client ?? {}).map(([clientId, list]) => [
      clientId,
      new Set(list.map(({ name }) => name)),
    ]),
  )
  return (target: Target): boolean => {
    if (target.kind === 'client role') return clientRoles.get(target.clientId)?.has(target.name) ?? false
    return Object.hasOwn(names, target.kind) && names[target.kind as keyof typeof names].has(target.name)
  }
}

function allReferences(definition: RealmDefinition): readonly Reference[] {
  const { roles, clients, groups, users, authenticationFlows, requiredActions } = definition
  return [
    ...bindings.flatMap((field) => named('authentication flow', definition[field], `$.${field}`)),
    ...ofComposites(roles?.realm, '$.roles.realm'),
    ...Object.entries(roles?.client ?? {}).flatMap(([clientId, list]) => {
      const path = join('$.roles.client', clientId)
      return [...named('client', clientId, path), ...ofComposites(list, path)]
    }),
    ...(clients ?? []).flatMap(({ defaultClientScopes, optionalClientScopes }, index) => [
      ...listed('client scope', defaultClientScopes, `$.clients[${index}].defaultClientScopes`),
      ...listed('client scope', optionalClientScopes, `$.clients[${index}].optionalClientScopes`),
    ]),
    ...ofGroups(groups, '$.groups'),
    ...(users ?? []).flatMap((user, index) => [
      ...ofRoles(user.roles, `$.users[${index}].roles`),
      ...listed('group', user.groups, `$.users[${index}].groups`),
    ]),
    ...(authenticationFlows ?? []).flatMap(({ provider, executions }, index) =>
      ofExecutions(
        executions,
        provider === 'client-flow' ? 'client authenticator' : 'authenticator',
        `$.authenticationFlows[${index}].executions`,
      ),
    ),
    ...(requiredActions ?? []).flatMap(({ alias }, index) =>
      named('required action', alias, `$.requiredActions[${index}].alias`),
    ),
  ]
}

function ofComposites(list: readonly RoleDefinition[] | undefined, path: string): readonly Reference[] {
  return (list ?? []).flatMap(({ composites }, index) => ofRoles(composites, `${path}[${index}].composites`))
}

function ofGroups(list: readonly GroupDefinition[] | undefined, path: string): readonly Reference[] {
  return (list ?? []).flatMap(({ roles, subGroups }, index) => [
    ...ofRoles(roles, `${path}[${index}].roles`),
    ...ofGroups(subGroups, `${path}[${index}].subGroups`),
  ])
}

function ofRoles(roles: RoleNames | undefined, path: string): readonly Reference[] {
  return [
    ...listed('realm role', roles?.realm, `${path}.realm`),
    ...Object.entries(roles?.client ?? {}).flatMap(([clientId, names]) => {
      const at = join(`${path}.client`, clientId)
      return names.map((name, index): Reference => {
        return { path: `${at}[${index}]`, target: { kind: 'client role', clientId, name } }
      })
    }),
  ]
}

function ofExecutions(
  list: readonly ExecutionDefinition[],
  kind: ProviderKind,
  path: string,
): readonly Reference[] {
  return list.flatMap((execution, index) => {
    const at = `${path}[${index}]`
    if ('authenticator' in execution) return named(kind, execution.authenticator, `${at}.authenticator`)
    const within = execution.form === undefined ? kind : 'form action'
    return ofExecutions(execution.executions, within, `${at}.executions`)
  })
}

type Named = Exclude<Target['kind'], 'client role'>

function named(kind: Named, name: string | undefined, path: string): readonly Reference[] {
  return name === undefined ? [] : [{ path, target: { kind, name } as Target }]
}

function listed(kind: Named, names: readonly string[] | undefined, path: string): readonly Reference[] {
  return (names ?? []).flatMap((name, index) => named(kind, name, `${path}[${index}]`))
}

function groupPaths(groups: readonly GroupDefinition[], parent: string): readonly string[] {
  return groups.flatMap(({ name, subGroups }) => {
    const path = `${parent}/${name}`
    return [path, ...groupPaths(subGroups ?? [], path)]
  })
}

/** Of a flow and of those within it. */
function flowAliases({ alias, executions }: Pick<FlowDefinition, 'alias' | 'executions'>): readonly string[] {
  return [
    alias,
    ...executions.flatMap((each) =>
      'flow' in each ? flowAliases({ alias: each.flow, executions: each.executions }) : [],
    ),
  ]
}
