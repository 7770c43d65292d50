import type { Change } from '../changes/index.ts'
import type { Admin, UserRepresentation } from '../client/index.ts'
import {
  createOnce,
  groupSteps,
  roleSteps,
  runSteps,
  type Step,
  type Subject,
  update,
  userKind,
  visible,
} from '../edit/index.ts'
import { type Known, requireKnown } from '../fields/index.ts'
import { findUser, knownGroups, knownRoles, type RoleNames, rolesInstead } from '../lookup/index.ts'
import { type EnsureOptions, requireEnsureOptions, requireNew } from './existing.ts'

/** The wanted state of a user; absent fields stay unchanged. */
export interface WantedUser {
  /** In lower case, as Keycloak keeps it. */
  readonly username: string
  readonly email?: string
  readonly emailVerified?: boolean
  readonly firstName?: string
  readonly lastName?: string
  /** Default for a new user: true. */
  readonly enabled?: boolean
  /** Merged by key; `null` removes one. */
  readonly attributes?: Readonly<Record<string, readonly string[] | null>>
  /** Asked of a new user only: a user who has done them is not asked again. */
  readonly requiredActions?: readonly string[]
  /** Set where the user is new or has no password. An existing one may be the user's own, and stays. */
  readonly password?: string
  /** Whether the user must change that password at the first login. Default: false. */
  readonly temporaryPassword?: boolean
  /** Given in addition to those that the user has. */
  readonly roles?: RoleNames
  /** Paths of groups to join, in addition to those that the user is in. */
  readonly groups?: readonly string[]
}

const known: Known<WantedUser> = {
  username: true,
  email: true,
  emailVerified: true,
  firstName: true,
  lastName: true,
  enabled: true,
  attributes: true,
  requiredActions: true,
  password: true,
  temporaryPassword: true,
  roles: true,
  groups: true,
}

const rolesAndPassword = {
  ...rolesInstead,
  credentials: 'password, temporaryPassword',
  temporary: 'temporaryPassword',
}

/** A user or group in its wanted state. */
export interface Ensured {
  /** Keycloak's id; '' where a dry run has not created it. */
  readonly id: string
  /** The changes; empty if nothing had to change. */
  readonly changes: readonly Change[]
}

/**
 * Makes sure that there is a user with these fields, roles and groups; the second call changes nothing.
 *
 * All roles and groups are looked up before anything is changed. When Keycloak does not answer the creation, the user is
 * looked up before it is created again.
 *
 * Needs the role `manage-users` of `realm-management`; for roles of the realm also `view-realm`, for those of clients
 * `view-clients`.
 *
 * @throws {CW_CONFIG_INVALID} for a field that it does not know, such as `realmRoles`; nothing is changed then
 * @throws {CW_ADMIN_NOT_FOUND} when a role or a group does not exist; nothing is changed then
 * @throws {CW_ADMIN_CONFLICT} when another user has the e-mail address, or it exists and `existing` is `refuse`
 * @throws {CW_ADMIN_REFUSED} when Keycloak refuses a value, or keeps no attribute of that name
 * @example
 * ```ts
 * import { type Admin, ensureUser } from '@cloakwright/admin'
 *
 * export async function welcome(admin: Admin): Promise<string> {
 *   const { id, changes } = await ensureUser(admin, {
 *     username: 'alice',
 *     email: 'alice@example.com',
 *     firstName: 'Alice',
 *     lastName: 'Liddell',
 *     roles: { realm: ['user'], client: { 'shop-api': ['editor'] } },
 *     groups: ['/staff/editors'],
 *   })
 *   console.log(changes.length === 0 ? 'nothing to do' : changes)
 *   return id
 * }
 * ```
 */
export async function ensureUser(
  admin: Admin,
  user: WantedUser,
  options: EnsureOptions = {},
): Promise<Ensured> {
  requireKnown('ensureUser', user, known, rolesAndPassword)
  requireEnsureOptions('ensureUser', options)
  const [roles, groups] = await Promise.all([knownRoles(admin, user.roles), knownGroups(admin, user.groups)])
  const username = user.username.toLowerCase()
  const found = await findUser(admin, username)
  requireNew(admin, options, `user ${username}`, found === undefined)
  const made = found === undefined ? await createUser(admin, user, username) : { object: found, changes: [] }
  requireNew(admin, options, `user ${username}`, made.changes.length > 0)
  const { id = '' } = made.object
  const subject = { kind: 'user', id, name: username } as const
  const changes = [
    ...made.changes,
    ...(await update(admin, settingsOf(user), {}, userKind(admin, made.object))),
    ...(found === undefined ? [] : await runSteps(admin, await passwordSteps(admin, subject, user))),
    ...(await runSteps(admin, [
      ...(await roleSteps(admin, subject, roles, true)),
      ...(await groupSteps(admin, subject, groups, true)),
    ])),
  ]
  return { id, changes }
}

async function createUser(
  admin: Admin,
  user: WantedUser,
  username: string,
): Promise<{ object: UserRepresentation; changes: readonly Change[] }> {
  const { realm } = admin
  const after = {
    enabled: true,
    ...settingsOf(user),
    username,
    ...(user.requiredActions === undefined ? {} : { requiredActions: [...user.requiredActions] }),
  }
  const fields = user.password === undefined ? [] : ['password']
  const { object = after, changes } = await createOnce(
    admin,
    { action: 'create', kind: 'user', name: username, fields, after: visible(after) },
    () => findUser(admin, username),
    () => admin.client.users.create({ ...after, credentials: credentialsOf(user), realm }),
  )
  return { object, changes }
}

/** Sets the password of a user who has none. */
async function passwordSteps(
  { client, realm }: Admin,
  subject: Subject,
  user: WantedUser,
): Promise<readonly Step[]> {
  const { id } = subject
  const [credential] = credentialsOf(user)
  if (credential === undefined) return []
  const held = await client.users.getCredentials({ realm, id })
  if (held.some(({ type }) => type === 'password')) return []
  const run = () => client.users.resetPassword({ realm, id, credential })
  return [{ changes: [{ action: 'update', ...subject, fields: ['password'] }], run }]
}

/** What an update compares: neither who it is nor what happens once. */
function settingsOf(user: WantedUser): UserRepresentation {
  const { email, emailVerified, firstName, lastName, enabled, attributes } = user
  const settings = { email, emailVerified, firstName, lastName, enabled, attributes }
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}

function credentialsOf({
  password,
  temporaryPassword = false,
}: WantedUser): { type: string; value: string; temporary: boolean }[] {
  return password === undefined ? [] : [{ type: 'password', value: password, temporary: temporaryPassword }]
}
