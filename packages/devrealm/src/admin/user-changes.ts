import { randomUUID } from 'node:crypto'
import { passwordCredential } from '../crypto/passwords.ts'
import type { Attributes, Credential, User } from '../model.ts'
import type { RealmStore } from '../store/realm-store.ts'
import { conflict, refused, unforeseen } from './errors.ts'
import type { CredentialBody, UserBody } from './fields.ts'
import { groupByPath } from './group-paths.ts'
import { checkPassword } from './password-policy.ts'
import { checkProfile, keptAttributes } from './user-profile.ts'

/** Adds a user as `POST users` does: realm and client roles of the body are passed over, as Keycloak does (keycloak#32351). */
export async function addUser(realm: RealmStore, body: UserBody): Promise<Readonly<User>> {
  const username = realm.info.registrationEmailAsUsername ? (body.email ?? '') : (body.username ?? '')
  if (username === '') throw refused('User name is missing')
  const actions = realm.info.requiredActions.filter((action) => action.enabled && action.defaultAction)
  const user = named(
    realm,
    { ...body, username },
    {
      id: randomUUID(),
      username: username.toLowerCase(),
      enabled: body.enabled ?? false,
      emailVerified: body.emailVerified ?? false,
      createdTimestamp: body.createdTimestamp ?? Date.now(),
      requiredActions: [
        ...new Set([...actions.map((action) => action.alias), ...(body.requiredActions ?? [])]),
      ],
      notBefore: 0,
      credentials: [],
      roles: [realm.info.defaultRoleId],
      groups: [...realm.info.defaultGroups],
    },
  )
  requireUnique(realm, user)
  checkProfile(realm, user)
  const groups = (body.groups ?? []).map((path) => {
    const group = groupByPath(realm, path)
    if (group === undefined) throw unforeseen()
    return group.id
  })
  const joined = { ...user, groups: [...new Set([...user.groups, ...groups])] }
  return realm.users.put(await withCredentials(realm, joined, body.credentials ?? []))
}

/** Changes a user as `PUT users/{id}` does: what is absent stays, but attributes are replaced, and with them the names and the address. */
export async function updateUser(realm: RealmStore, user: Readonly<User>, body: UserBody): Promise<void> {
  if (body.username === '') throw refused('User name is missing')
  const changed = named(realm, body, {
    ...user,
    enabled: body.enabled ?? user.enabled,
    emailVerified: body.emailVerified ?? user.emailVerified,
    requiredActions: body.requiredActions ?? user.requiredActions,
  })
  requireUnique(realm, changed)
  checkProfile(realm, changed, user)
  realm.users.put(await withCredentials(realm, changed, body.credentials ?? []))
}

/**
 * Sets a password; a temporary one must be changed at the next login.
 *
 * @throws {AdminError} 400 when the realm's policy refuses it
 */
export async function withPassword(
  realm: RealmStore,
  user: Readonly<User>,
  password: string,
  temporary: boolean,
): Promise<User> {
  await checkPassword(realm, user, password)
  const made = await passwordCredential(password)
  const old = user.credentials.find((credential) => credential.type === 'password')
  const credential = { ...made, id: old?.id ?? made.id }
  const others = user.credentials.filter((each) => each !== old)
  const actions = user.requiredActions.filter((action) => action !== 'UPDATE_PASSWORD')
  return {
    ...user,
    credentials: [credential, ...others],
    requiredActions: temporary ? [...actions, 'UPDATE_PASSWORD'] : actions,
  }
}

/** Adds credentials of a body: passwords in clear are hashed, those that were exported are taken as they are. */
export async function withCredentials(
  realm: RealmStore,
  user: User,
  bodies: readonly CredentialBody[],
): Promise<User> {
  let changed = user
  for (const body of bodies) {
    if (body.secretData !== undefined && body.credentialData !== undefined) {
      changed = { ...changed, credentials: [...changed.credentials, imported(body)] }
    } else if (body.value !== undefined) {
      changed = await withPassword(realm, changed, body.value, body.temporary ?? false)
    }
  }
  return changed
}

function imported(body: CredentialBody): Credential {
  return {
    id: body.id ?? randomUUID(),
    type: body.type === 'otp' ? 'otp' : 'password',
    ...(body.userLabel === undefined ? {} : { userLabel: body.userLabel }),
    createdDate: body.createdDate ?? Date.now(),
    secretData: body.secretData ?? '',
    credentialData: body.credentialData ?? '',
  }
}

/** The user with the body's names, address and attributes. */
function named(realm: RealmStore, body: UserBody, user: User): User {
  const { firstName, lastName, email, attributes, ...rest } = user
  const given: Attributes = body.attributes ?? {}
  const replaces = body.attributes !== undefined
  const text = (
    member: 'firstName' | 'lastName' | 'email',
    before: string | undefined,
  ): string | undefined => {
    const value = body[member] ?? given[member]?.[0] ?? (replaces ? undefined : before)
    return value === '' ? undefined : value
  }
  const kept = replaces ? keptAttributes(realm, given) : attributes
  const address = text('email', email)?.toLowerCase()
  const first = text('firstName', firstName)
  const last = text('lastName', lastName)
  return {
    ...rest,
    username: (body.username ?? user.username).toLowerCase(),
    ...(first === undefined ? {} : { firstName: first }),
    ...(last === undefined ? {} : { lastName: last }),
    ...(address === undefined ? {} : { email: address }),
    ...(kept === undefined || Object.keys(kept).length === 0 ? {} : { attributes: kept }),
  }
}

/** Where one may log in by e-mail address, no address may be another's user name either. */
function requireUnique(realm: RealmStore, user: User): void {
  const isOther = (found: Readonly<User> | undefined): boolean => found !== undefined && found.id !== user.id
  if (isOther(realm.userByName.get(user.username))) throw conflict('User exists with same username')
  if (user.email === undefined || realm.info.duplicateEmailsAllowed) return
  const byEmail = realm.userByEmail.all(user.email).find(isOther)
  const byName = realm.info.loginWithEmailAllowed ? realm.userByName.get(user.email) : undefined
  if (isOther(byEmail) || isOther(byName)) throw conflict('User exists with same email')
}
