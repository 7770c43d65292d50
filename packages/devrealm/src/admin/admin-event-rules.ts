import type { Client, Credential, Group, Role, User } from '../model.ts'
import { flowsOf } from './flow-store.ts'
import type { RealmContents } from './realm-fields.ts'
import { groupOf, roleOf } from './representations.ts'
import type { Holder } from './role-mappings.ts'
import type { Answer, Call } from './router.ts'
import { profileOf } from './user-profile.ts'

export type AnyCall = Call<unknown, unknown>

/** What an event tells beside who and when; what it leaves out is as the request has it. */
export interface Told {
  readonly operation?: 'CREATE' | 'UPDATE' | 'DELETE' | 'ACTION'
  readonly path?: string
  readonly representation?: unknown
  readonly details?: Readonly<Record<string, string>>
}

interface Rule {
  readonly type: (call: AnyCall) => string
  /** Read before the request is carried out. */
  readonly before?: (call: AnyCall) => unknown
  /** Whether Keycloak has no event for this request, before it is carried out. */
  readonly isNothing?: (call: AnyCall) => boolean
  readonly tell: (call: AnyCall, answer: Answer, before: unknown) => readonly Told[]
  /** Recorded in the realm of the administrator. */
  readonly ofCaller?: boolean
}

type Body = Readonly<Record<string, unknown>>
type Tell = (call: AnyCall, answer: Answer, before: unknown) => Told

const mask = '**********'

const one = (type: string | Rule['type'], tell: Tell = () => ({}), more: Partial<Rule> = {}): Rule => ({
  type: typeof type === 'string' ? () => type : type,
  tell: (...told) => [tell(...told)],
  ...more,
})
const shown =
  (show: (body: Body) => unknown = (body) => body): Tell =>
  ({ body }) => ({ representation: show(body as Body) })
const action: Tell = () => ({ operation: 'ACTION' })

/** A new resource is named by where it was announced. */
const announced = (call: AnyCall, answer: Answer): { id: string; path: string } => {
  const id = decodeURIComponent(answer?.location?.split('/').pop() ?? '')
  const [, path = ''] = /^\/admin\/realms\/[^/?]+\/([^?]*)/.exec(call.request.url) ?? []
  return { id, path: `${decodeURIComponent(path.replace(/\/+$/, ''))}/${id}` }
}
const added =
  (show: (body: Body, id: string) => unknown): Tell =>
  (call, answer) => {
    const { id, path } = announced(call, answer)
    return { path, representation: show(call.body as Body, id) }
  }
/** As {@link added}, where the path is that of the request. */
const within =
  (show: (body: Body, id: string) => unknown): Tell =>
  (call, answer) => ({ representation: show(call.body as Body, announced(call, answer).id) })

const withoutCredentials = ({ credentials: _secret, ...user }: Body): Body => user
const maskedClient = (body: Body): Body => (body['secret'] === undefined ? body : { ...body, secret: mask })
const plainRole = (body: Body): Body => ({ composite: false, ...body })
const plainGroup = (body: Body): Body => ({
  ...body,
  subGroups: ((body['subGroups'] ?? []) as Body[]).map(plainGroup),
})
const plainMapper = (body: Body): Body => ({ consentRequired: false, ...body })
const maskedSecret = { type: 'secret', value: mask }
const maskedConfig = (body: Body): Body => ({
  ...body,
  config: Object.fromEntries(Object.keys((body['config'] ?? {}) as object).map((name) => [name, mask])),
})
const maskedRealm = (body: Body): Body => {
  const smtp = body['smtpServer'] as Body | undefined
  return smtp?.['password'] === undefined ? body : { ...body, smtpServer: { ...smtp, password: mask } }
}
const roleList = ({ body }: AnyCall): unknown => (body as Body[]).map(plainRole)

/** A mapping's roles are those of the body, or all that were mapped. */
const mapped: Tell = (call) => {
  if (call.body !== undefined) return { representation: roleList(call) }
  const { holder, client } = call.found as { holder: Holder; client?: Readonly<Client> }
  const roles = holder.roles.map((id) => call.realm.roles.get(id))
  const taken = roles.filter((role) => role !== undefined && role.clientId === client?.id) as Role[]
  return { representation: taken.map((role) => roleOf(call.realm, role)) }
}

const membership: Tell = ({ realm, found, params }) => {
  const { username, email } = found as User
  const group = realm.groups.get(params['groupId'] ?? '') as Group
  return {
    representation: groupOf(realm, group, {}),
    details: { ...(email === undefined ? {} : { email }), username },
  }
}
const isMember = ({ found, params }: AnyCall): boolean =>
  (found as User).groups.includes(params['groupId'] ?? '')

/** A group that is named by its id is moved, not made. */
const isMove = (body: unknown): boolean => (body as Body)['id'] !== undefined
const moved: Tell = ({ body }) => ({ operation: 'UPDATE', representation: plainGroup(body as Body) })
const child: Tell = (call, answer, before) =>
  isMove(call.body)
    ? moved(call, answer, before)
    : within((body, id) => plainGroup({ id, ...body }))(call, answer, before)

const namedRole = ({ realm, params, found }: AnyCall): unknown => {
  const role = realm.role(params['roleName'] ?? '', (found as Client | undefined)?.id)
  return role && { id: role.id, name: role.name, composite: false }
}
const roleType = ({ found }: AnyCall): string =>
  (found as Role).clientId === undefined ? 'REALM_ROLE' : 'CLIENT_ROLE'

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

/** What a partial import added: for Keycloak, changes of the realm, with a role's client or the realm as its place. */
function imported({ realm, body }: AnyCall, answer: Answer): Told[] {
  const { clients, roles, groups, users } = body as RealmContents
  const bodies: object[] = [
    ...(clients ?? []).map((client) => maskedClient(client as Body)),
    ...(roles?.realm ?? []).map((role) => plainRole(role as Body)),
    ...Object.values(roles?.client ?? {}).flatMap((list) => list.map((role) => plainRole(role as Body))),
    ...(groups ?? []).map((group) => plainGroup(group as Body)),
    ...(users ?? []).map((user) => withoutCredentials(user as Body)),
  ]
  const { results } = (answer?.body ?? { results: [] }) as {
    results: { action: string; resourceType: string; resourceName: string; id: string }[]
  }
  return results
    .flatMap(({ action: made, resourceType, resourceName, id }, index): Told[] => {
      if (made !== 'ADDED') return []
      const content = bodies[index] as Body
      const clientRole = (): string | undefined => {
        const [clientId = '', name = ''] = resourceName.split('-->')
        return realm.role(name, realm.clientByName.get(clientId)?.id)?.id
      }
      switch (resourceType) {
        case 'CLIENT':
          return [{ path: `clients/${id}`, representation: { id, ...content } }]
        case 'REALM_ROLE':
          return [{ path: `realms/${id}`, representation: { id, ...content } }]
        case 'CLIENT_ROLE':
          return [{ path: `clients/${id}`, representation: { id: clientRole(), ...content } }]
        case 'GROUP':
          return [{ path: `groups/${id}`, representation: content }]
        default:
          return [{ path: `users/${id}`, representation: { id, ...content } }]
      }
    })
    .map((told) => ({ operation: 'CREATE', ...told }))
}

/** By method and route below a realm, as recorded from Keycloak 26.7.4: what is not here has no event there either. */
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
    isNothing: ({ context, params }) => context.logins.failures(params['userId'] ?? '') === undefined,
  }),
  'POST /partialImport': { type: () => 'REALM', tell: imported },
}
