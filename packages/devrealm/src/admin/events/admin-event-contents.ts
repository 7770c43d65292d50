import type { Client, Group, Role, User } from '../../model/index.ts'
import { groupOf, type RealmContents, roleOf } from '../representations/index.ts'
import type { Answer, AnyCall } from '../request/index.ts'
import type { Holder } from '../roles/index.ts'

/** What an event tells beside who and when; what it leaves out is as the request has it. */
export interface Told {
  readonly operation?: 'CREATE' | 'UPDATE' | 'DELETE' | 'ACTION'
  readonly path?: string
  readonly representation?: unknown
  readonly details?: Readonly<Record<string, string>>
}

export interface Rule {
  readonly type: (call: AnyCall) => string
  /** Read before the request is carried out. */
  readonly before?: (call: AnyCall) => unknown
  /** Whether Keycloak has no event for this request, before it is carried out. */
  readonly isNothing?: (call: AnyCall) => boolean
  readonly tell: (call: AnyCall, answer: Answer, before: unknown) => readonly Told[]
  /** Recorded in the realm of the administrator. */
  readonly ofCaller?: boolean
}

export type Body = Readonly<Record<string, unknown>>
export type Tell = (call: AnyCall, answer: Answer, before: unknown) => Told

export const mask = '**********'

export const one = (
  type: string | Rule['type'],
  tell: Tell = () => ({}),
  more: Partial<Rule> = {},
): Rule => ({
  type: typeof type === 'string' ? () => type : type,
  tell: (...told) => [tell(...told)],
  ...more,
})
export const shown =
  (show: (body: Body) => unknown = (body) => body): Tell =>
  ({ body }) => ({ representation: show(body as Body) })
export const action: Tell = () => ({ operation: 'ACTION' })

/** A new resource is named by where it was announced. */
export const announced = (call: AnyCall, answer: Answer): { id: string; path: string } => {
  const id = decodeURIComponent(answer?.location?.split('/').pop() ?? '')
  const [, path = ''] = /^\/admin\/realms\/[^/?]+\/([^?]*)/.exec(call.request.url) ?? []
  return { id, path: `${decodeURIComponent(path.replace(/\/+$/, ''))}/${id}` }
}
export const added =
  (show: (body: Body, id: string) => unknown): Tell =>
  (call, answer) => {
    const { id, path } = announced(call, answer)
    return { path, representation: show(call.body as Body, id) }
  }
/** As {@link added}, where the path is that of the request. */
export const within =
  (show: (body: Body, id: string) => unknown): Tell =>
  (call, answer) => ({ representation: show(call.body as Body, announced(call, answer).id) })

export const withoutCredentials = ({ credentials: _secret, ...user }: Body): Body => user
export const maskedClient = (body: Body): Body =>
  body['secret'] === undefined ? body : { ...body, secret: mask }
export const plainRole = (body: Body): Body => ({ composite: false, ...body })
export const plainGroup = (body: Body): Body => ({
  ...body,
  subGroups: ((body['subGroups'] ?? []) as Body[]).map(plainGroup),
})
export const plainMapper = (body: Body): Body => ({ consentRequired: false, ...body })
export const maskedSecret: Body = { type: 'secret', value: mask }
export const maskedConfig = (body: Body): Body => ({
  ...body,
  config: Object.fromEntries(Object.keys((body['config'] ?? {}) as object).map((name) => [name, mask])),
})
export const maskedRealm = (body: Body): Body => {
  const smtp = body['smtpServer'] as Body | undefined
  return smtp?.['password'] === undefined ? body : { ...body, smtpServer: { ...smtp, password: mask } }
}
export const roleList = ({ body }: AnyCall): unknown => (body as Body[]).map(plainRole)

/** A mapping's roles are those of the body, or all that were mapped. */
export const mapped: Tell = (call) => {
  if (call.body !== undefined) return { representation: roleList(call) }
  const { holder, client } = call.found as { holder: Holder; client?: Readonly<Client> }
  const roles = holder.roles.map((id) => call.realm.roles.get(id))
  const taken = roles.filter((role) => role !== undefined && role.clientId === client?.id) as Role[]
  return { representation: taken.map((role) => roleOf(call.realm, role)) }
}

export const membership: Tell = ({ realm, found, params }) => {
  const { username, email } = found as User
  const group = realm.groups.get(params['groupId'] ?? '') as Group
  return {
    representation: groupOf(realm, group, {}),
    details: { ...(email === undefined ? {} : { email }), username },
  }
}
export const isMember = ({ found, params }: AnyCall): boolean =>
  (found as User).groups.includes(params['groupId'] ?? '')

/** A group that is named by its id is moved, not made. */
export const isMove = (body: unknown): boolean => (body as Body)['id'] !== undefined
export const moved: Tell = ({ body }) => ({ operation: 'UPDATE', representation: plainGroup(body as Body) })
export const child: Tell = (call, answer, before) =>
  isMove(call.body)
    ? moved(call, answer, before)
    : within((body, id) => plainGroup({ id, ...body }))(call, answer, before)

export const namedRole = ({ realm, params, found }: AnyCall): unknown => {
  const role = realm.role(params['roleName'] ?? '', (found as Client | undefined)?.id)
  return role && { id: role.id, name: role.name, composite: false }
}
export const roleType = ({ found }: AnyCall): string =>
  (found as Role).clientId === undefined ? 'REALM_ROLE' : 'CLIENT_ROLE'

/** What a partial import added: for Keycloak, changes of the realm, with a role's client or the realm as its place. */
export function imported({ realm, body }: AnyCall, answer: Answer): Told[] {
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
