import { flowsOf } from '../../flows/index.ts'
import type { Client, Credential, Group, User } from '../../model/index.ts'
import { profileOf } from '../../user-profile/index.ts'
import {
  maskedClient,
  maskedConfig,
  maskedRealm,
  maskedSecret,
  plainGroup,
  plainMapper,
  plainRole,
  roleList,
  withoutCredentials,
} from './admin-event-bodies.ts'
import {
  child,
  isMember,
  isMove,
  mapped,
  membership,
  moved,
  namedRole,
  roleType,
} from './admin-event-contents.ts'
import { action, added, announced, type Body, one, type Rule, shown, within } from './admin-event-rule.ts'
import { imported } from './partial-import-events.ts'

/** By method and route below a realm, as recorded from Keycloak 26.7.4. Other routes have no event. */
export const eventRules: Readonly<Record<string, Rule>> = {
  'POST /users': one('USER', added(withoutCredentials)),
  'PUT /users/:userId': one('USER', shown(withoutCredentials)),
  'DELETE /users/:userId': one('USER', ({ found }) => {
    const { id, username } = found as User
    return { representation: { id, username } }
  }),
  'POST /users/:userId/logout': one('USER', action),
  'PUT /users/:userId/reset-password': one('USER', action),
  'PUT /users/:userId/execute-actions-email': one('USER', action),
  'PUT /users/:userId/send-verify-email': one('USER', action),
  'DELETE /users/:userId/credentials/:credentialId': one('USER', ({ found }) => {
    const { credential } = found as { credential: Credential }
    return {
      operation: 'ACTION',
      details: { credential_type: credential.type, credential_id: credential.id },
    }
  }),
  'PUT /users/:userId/groups/:groupId': one(
    'GROUP_MEMBERSHIP',
    (...told) => ({ operation: 'CREATE', ...membership(...told) }),
    { isNothing: isMember },
  ),
  'DELETE /users/:userId/groups/:groupId': one('GROUP_MEMBERSHIP', membership, {
    isNothing: (call) => !isMember(call),
  }),
  ...mappingsBelow('/users/:userId/role-mappings', 'REALM_ROLE_MAPPING', 'CLIENT_ROLE_MAPPING'),
  'PUT /users/profile': one('USER_PROFILE', shown(), {
    isNothing: ({ realm, body }) => JSON.stringify(profileOf(realm)) === JSON.stringify(body),
  }),

  'POST /groups': one('GROUP', (call, answer, before) =>
    isMove(call.body)
      ? moved(call, answer, before)
      : added((body, id) => plainGroup({ id, ...body }))(call, answer, before),
  ),
  'PUT /groups/:groupId': one('GROUP', shown(plainGroup)),
  'DELETE /groups/:groupId': one('GROUP', ({ found }) => {
    const { id, name } = found as Group
    return { representation: { id, name, subGroups: [] } }
  }),
  'POST /groups/:groupId/children': one('GROUP', child),
  ...mappingsBelow('/groups/:groupId/role-mappings', 'REALM_ROLE_MAPPING', 'CLIENT_ROLE_MAPPING'),
  ...addedAndRemoved('/default-groups/:groupId', 'GROUP'),

  ...rolesBelow('/roles', 'REALM_ROLE'),
  ...rolesBelow('/clients/:clientUuid/roles', 'CLIENT_ROLE'),
  'PUT /roles-by-id/:roleId': one(roleType, shown(plainRole)),
  'DELETE /roles-by-id/:roleId': one(roleType),
  'POST /roles-by-id/:roleId/composites': one(roleType, (call) => ({ representation: roleList(call) })),
  'DELETE /roles-by-id/:roleId/composites': one(roleType, (call) => ({ representation: roleList(call) })),

  'POST /clients': one(
    'CLIENT',
    added((body, id) => maskedClient({ id, ...body })),
  ),
  'PUT /clients/:clientUuid': one('CLIENT', shown(maskedClient)),
  'DELETE /clients/:clientUuid': one('CLIENT', ({ found }) => {
    const { id, clientId } = found as Client
    return { representation: { id, clientId } }
  }),
  'POST /clients/:clientUuid/client-secret': one('CLIENT', () => ({
    operation: 'ACTION',
    representation: maskedSecret,
  })),
  'DELETE /clients/:clientUuid/client-secret/rotated': one('CLIENT', () => ({
    representation: maskedSecret,
  })),
  ...mappingsBelow('/clients/:clientUuid/scope-mappings', 'REALM_SCOPE_MAPPING', 'CLIENT_SCOPE_MAPPING'),
  ...mappersBelow('/clients/:clientUuid'),
  ...addedAndRemoved('/clients/:clientUuid/default-client-scopes/:scopeId', 'CLIENT_SCOPE_CLIENT_MAPPING'),
  ...addedAndRemoved('/clients/:clientUuid/optional-client-scopes/:scopeId', 'CLIENT_SCOPE_CLIENT_MAPPING'),

  'POST /client-scopes': one(
    'CLIENT_SCOPE',
    added((body) => body),
  ),
  'PUT /client-scopes/:scopeId': one('CLIENT_SCOPE', shown()),
  'DELETE /client-scopes/:scopeId': one('CLIENT_SCOPE'),
  ...mappingsBelow('/client-scopes/:scopeId/scope-mappings', 'REALM_SCOPE_MAPPING', 'CLIENT_SCOPE_MAPPING'),
  ...mappersBelow('/client-scopes/:scopeId'),
  ...addedAndRemoved('/default-default-client-scopes/:scopeId', 'CLIENT_SCOPE'),
  ...addedAndRemoved('/default-optional-client-scopes/:scopeId', 'CLIENT_SCOPE'),

  'POST /authentication/flows': one(
    'AUTH_FLOW',
    added((body, id) => ({ id, description: '', topLevel: false, builtIn: false, ...body })),
  ),
  'PUT /authentication/flows/:flow': one('AUTH_FLOW', shown()),
  'DELETE /authentication/flows/:flow': one('AUTH_FLOW'),
  'POST /authentication/flows/:flow/copy': one(
    'AUTH_FLOW',
    within((body, id) => ({ ...body, id })),
  ),
  'PUT /authentication/flows/:flow/executions': one('AUTH_EXECUTION', shown()),
  'POST /authentication/flows/:flow/executions/execution': one(
    'AUTH_EXECUTION',
    within((body, id) => ({ ...body, id })),
  ),
  'POST /authentication/flows/:flow/executions/flow': one('AUTH_EXECUTION_FLOW', (call, answer) => {
    const flowId = announced(call, answer).id
    const steps = flowsOf(call.realm).flows.flatMap((flow) => flow.executions)
    const id = steps.find((step) => step.flowId === flowId)?.id
    return { representation: { ...(call.body as Body), id } }
  }),
  'POST /authentication/executions/:executionId/lower-priority': one('AUTH_EXECUTION', () => ({
    operation: 'UPDATE',
  })),
  'POST /authentication/executions/:executionId/raise-priority': one('AUTH_EXECUTION', () => ({
    operation: 'UPDATE',
  })),
  'DELETE /authentication/executions/:executionId': one('AUTH_EXECUTION'),
  'POST /authentication/executions/:executionId/config': one(
    'AUTHENTICATOR_CONFIG',
    within((body, id) => ({ id, ...maskedConfig(body) })),
  ),
  'PUT /authentication/config/:configId': one('AUTHENTICATOR_CONFIG', shown(maskedConfig)),
  'DELETE /authentication/config/:configId': one('AUTHENTICATOR_CONFIG'),
  'PUT /authentication/required-actions/:alias': one('REQUIRED_ACTION', shown()),
  'DELETE /authentication/required-actions/:alias': one('REQUIRED_ACTION'),

  'PUT ': one('REALM', shown(maskedRealm)),
  'DELETE ': one('REALM', ({ realm }) => ({ path: realm.info.realm }), { ofCaller: true }),
  'PUT /events/config': one('REALM', shown()),
  'POST /logout-all': one('REALM', () => ({ operation: 'ACTION', representation: {} })),
  'POST /push-revocation': one('REALM', () => ({ operation: 'ACTION', representation: {} })),
  'DELETE /sessions/:sessionId': one('USER_SESSION', ({ query }) => ({
    representation: { offline: query.flag('isOffline') === true },
  })),
  'DELETE /attack-detection/brute-force/users': one('USER_LOGIN_FAILURE'),
  'DELETE /attack-detection/brute-force/users/:userId': one('USER_LOGIN_FAILURE', () => ({}), {
    isNothing: ({ context, params }) => context.failures.get(params['userId'] ?? '') === undefined,
  }),
  'POST /partialImport': { type: () => 'REALM', tell: imported },
}

function rolesBelow(path: string, type: string): Record<string, Rule> {
  return {
    [`POST ${path}`]: one(type, (call, answer) => {
      const { name } = call.body as { name: string }
      const client = call.found as Client | undefined
      const id = call.realm.role(name, client?.id)?.id
      const at = announced(call, answer).path
      return {
        path: `${at.slice(0, at.lastIndexOf('roles/'))}roles/${name}`,
        representation: plainRole({ id, ...(call.body as Body) }),
      }
    }),
    [`PUT ${path}/:roleName`]: one(type, shown(plainRole)),
    [`DELETE ${path}/:roleName`]: one(type, (_call, _answer, before) => ({ representation: before }), {
      before: namedRole,
    }),
    [`POST ${path}/:roleName/composites`]: one(type, (call) => ({ representation: roleList(call) })),
    [`DELETE ${path}/:roleName/composites`]: one(type, (call) => ({ representation: roleList(call) })),
  }
}

function mappingsBelow(path: string, realmType: string, clientType: string): Record<string, Rule> {
  return {
    [`POST ${path}/realm`]: one(realmType, mapped),
    [`DELETE ${path}/realm`]: one(realmType, mapped),
    [`POST ${path}/clients/:clientId`]: one(clientType, mapped),
    [`DELETE ${path}/clients/:clientId`]: one(clientType, mapped),
  }
}

function mappersBelow(path: string): Record<string, Rule> {
  const type = 'PROTOCOL_MAPPER'
  return {
    [`POST ${path}/protocol-mappers/models`]: one(type, added(plainMapper)),
    [`POST ${path}/protocol-mappers/add-models`]: one(type, ({ body }) => ({
      representation: (body as Body[]).map(plainMapper),
    })),
    [`PUT ${path}/protocol-mappers/models/:mapperId`]: one(type, shown(plainMapper)),
    [`DELETE ${path}/protocol-mappers/models/:mapperId`]: one(type),
  }
}

function addedAndRemoved(path: string, type: string, added: 'PUT' | 'POST' = 'PUT'): Record<string, Rule> {
  return { [`${added} ${path}`]: one(type, () => ({ operation: 'CREATE' })), [`DELETE ${path}`]: one(type) }
}
