import {
  type Check,
  count,
  type Fields,
  flag,
  isObject,
  list,
  map,
  name,
  object,
  oneOf,
  secret,
  text,
} from '../../fields/index.ts'
import type { RoleNames } from '../../lookup/index.ts'
import type {
  AuthenticatorDefinition,
  ClientDefinition,
  ClientScopeDefinition,
  FlowDefinition,
  GroupDefinition,
  MapperDefinition,
  RequiredActionDefinition,
  RoleDefinition,
  SubFlowDefinition,
  UserDefinition,
} from './model.ts'

// What the objects of a realm may be.

const textMap = map(text)
const textsMap = map(list(text))

const roleNames = object<RoleNames>({ realm: list(name), client: map(list(name)) })

/** The name of what Keycloak finds by a path: dots would lead out of it (RFC 3986 §5.2.4). */
const nameInPath: Check = (value, path, problems) => {
  name(value, path, problems)
  if (value === '.' || value === '..') problems.push({ path, reason: 'must not be . or ..' })
}

export const role: Check = object<RoleDefinition>(
  { name: nameInPath, description: text, attributes: textsMap, composites: roleNames },
  ['name'],
)

const mapper = object<MapperDefinition>({ name, protocol: name, protocolMapper: name, config: textMap }, [
  'name',
  'protocolMapper',
])
const mappers = list(mapper, 'name')

export const clientScope: Check = object<ClientScopeDefinition>(
  { name, description: text, protocol: name, attributes: textMap, protocolMappers: mappers },
  ['name'],
)

/** What each field of a client may be. */
export const clientFields: Fields<ClientDefinition> = {
  clientId: name,
  adminUrl: text,
  alwaysDisplayInConsole: flag,
  attributes: textMap,
  baseUrl: text,
  bearerOnly: flag,
  clientAuthenticatorType: name,
  consentRequired: flag,
  defaultClientScopes: list(name),
  description: text,
  directAccessGrantsEnabled: flag,
  enabled: flag,
  frontchannelLogout: flag,
  fullScopeAllowed: flag,
  implicitFlowEnabled: flag,
  name: text,
  optionalClientScopes: list(name),
  protocol: name,
  protocolMappers: mappers,
  publicClient: flag,
  redirectUris: list(name),
  rootUrl: text,
  secret,
  serviceAccountsEnabled: flag,
  standardFlowEnabled: flag,
  webOrigins: list(name),
}

const anyClient = object<ClientDefinition>(clientFields, ['clientId'])

export const client: Check = (value, path, problems) => {
  anyClient(value, path, problems)
  if (!isObject(value)) return
  const { defaultClientScopes: byDefault, optionalClientScopes: optional } = value
  if (!Array.isArray(byDefault) || !Array.isArray(optional)) return
  for (const [index, scope] of optional.entries()) {
    if (byDefault.includes(scope))
      problems.push({
        path: `${path}.optionalClientScopes[${index}]`,
        reason: 'is also a default client scope',
      })
  }
}

const groupName: Check = (value, path, problems) => {
  nameInPath(value, path, problems)
  if (typeof value === 'string' && value.includes('/'))
    problems.push({ path, reason: 'must not contain a slash; nest the group in subGroups' })
}

export const group: Check = (value, path, problems) =>
  object<GroupDefinition>(
    { name: groupName, attributes: textsMap, roles: roleNames, subGroups: list(group, 'name') },
    ['name'],
  )(value, path, problems)

const username: Check = (value, path, problems) => {
  if (typeof value !== 'string' || value.length < 3)
    problems.push({ path, reason: 'must have at least 3 characters' })
  else if (value !== value.toLowerCase())
    problems.push({ path, reason: 'must be in lower case, because Keycloak stores it that way' })
}

const groupPath: Check = (value, path, problems) => {
  if (typeof value !== 'string' || !/^(\/[^/]+)+$/.test(value))
    problems.push({ path, reason: 'must be a path like /staff/editors' })
}

/** What each field of a user may be. */
export const userFields: Fields<UserDefinition> = {
  username,
  password: secret,
  email: name,
  emailVerified: flag,
  enabled: flag,
  firstName: name,
  lastName: name,
  attributes: textsMap,
  roles: roleNames,
  groups: list(groupPath),
}

const anyUser = object<UserDefinition>(userFields, ['username'])

export const user: Check = (value, path, problems) => {
  anyUser(value, path, problems)
  if (!isObject(value) || value['password'] === undefined) return
  for (const field of ['email', 'firstName', 'lastName']) {
    if (value[field] !== undefined) continue
    problems.push({
      path: `${path}.${field}`,
      reason: 'is missing: without it, a login with the password fails with "Account is not fully set up"',
    })
  }
}

const requirement = oneOf('REQUIRED', 'ALTERNATIVE', 'CONDITIONAL', 'DISABLED')

const authenticator = object<AuthenticatorDefinition>(
  {
    authenticator: name,
    requirement,
    config: object<NonNullable<AuthenticatorDefinition['config']>>({ alias: name, config: textMap }, [
      'alias',
      'config',
    ]),
  },
  ['authenticator', 'requirement'],
)

const execution: Check = (value, path, problems) => {
  if (isObject(value) && 'flow' in value) subFlow(value, path, problems)
  else authenticator(value, path, problems)
}

const subFlow = object<SubFlowDefinition>(
  { flow: name, description: text, form: name, requirement, executions: list(execution, 'flow') },
  ['flow', 'requirement', 'executions'],
)

export const flow: Check = object<FlowDefinition>(
  {
    alias: name,
    description: text,
    provider: oneOf('basic-flow', 'client-flow'),
    executions: list(execution, 'flow'),
  },
  ['alias', 'executions'],
)

/** What each field of a required action may be. */
export const requiredActionFields: Fields<RequiredActionDefinition> = {
  alias: name,
  enabled: flag,
  defaultAction: flag,
  priority: count,
}

export const requiredAction: Check = object<RequiredActionDefinition>(requiredActionFields, ['alias'])
