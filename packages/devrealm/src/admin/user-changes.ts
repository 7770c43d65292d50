import { randomUUID } from 'node:crypto'
import { passwordCredential } from '../crypto/passwords.ts'
import type { Attributes, Credential, User } from '../model.ts'
import type { RealmStore } from '../store/realm-store.ts'
import { isObject } from './body.ts'
import {
  AdminError,
  badRequest,
  conflict,
  duplicate,
  notFound,
  refused,
  unforeseen,
  missing,
} from './errors.ts'
import type { CredentialBody, UserBody } from './fields.ts'
import { groupByPath } from './group-paths.ts'
import { checkPassword } from './password-policy.ts'
import { checkProfile, keptAttributes } from './user-profile.ts'

/** A change of a user that is ready to be made: hashing took its time before, and the user may have changed meanwhile. */
export type UserChange = (user: User) => User

/** Adds a user as `POST users` does: realm and client roles of the body are passed over, as Keycloak does (keycloak#32351). */
export async function addUser(realm: RealmStore, body: UserBody): Promise<Readonly<User>> {
  const user = newUser(realm, { ...body, requiredActions: knownActions(realm, body) ?? [] })
  checkProfile(realm, user)
  if (body.groups?.some((path) => groupByPath(realm, path) === undefined) === true) throw missing()
  const { defaultGroups, defaultRoleId } = realm.info
  return storeUser(realm, { ...user, roles: [defaultRoleId], groups: [...defaultGroups] }, body)
}

/** Adds a user of an import: nothing is checked but what the database refuses, and it has no more than its body says. */
export async function addImportedUser(
  realm: RealmStore,
  body: UserBody,
  roles: string[],
): Promise<Readonly<User>> {
  const { attributes: _kept, ...user } = newUser(realm, body)
  const { attributes, id = user.id, requiredActions = [] } = body
  if (realm.users.get(id) !== undefined) throw duplicate()
  const columns = [body.username, body.email, body.firstName, body.lastName]
  if (id.length > 36 || columns.some((text) => text !== undefined && text.length > 255)) throw unforeseen()
  const imported = { ...user, id, roles, requiredActions: [...new Set(requiredActions)] }
  // A password of an import is a lasting one, whatever it says.
  const credentials = (body.credentials ?? []).map((credential) => ({ ...credential, temporary: false }))
  return storeUser(
    realm,
    { ...imported, ...(attributes === undefined ? {} : { attributes }) },
    { ...body, credentials },
  )
}

/** Changes a user as `PUT users/{id}` does: what is absent stays, but attributes are replaced, and with them the names and the address. */
export async function updateUser(realm: RealmStore, user: Readonly<User>, given: UserBody): Promise<void> {
  const body = namedByEmail(realm, user, given)
  if (body.username === '') throw refused('User name is missing')
  const changed = (before: User): User =>
    named(realm, body, {
      ...before,
      enabled: body.enabled ?? before.enabled,
      emailVerified: body.emailVerified ?? before.emailVerified,
      requiredActions: knownActions(realm, body) ?? before.requiredActions,
    })
  requireUnique(realm, changed(user))
  checkProfile(realm, changed(user), user)
  const setCredentials = await credentialChange(realm, changed(user), body.credentials ?? [])
  changeUser(realm, user.id, (before) => setCredentials(changed(before)))
}

/** Where the e-mail address is the user name, a user name of its own is passed over. */
function namedByEmail(realm: RealmStore, user: Readonly<User>, body: UserBody): UserBody {
  if (!realm.info.registrationEmailAsUsername) return body
  return { ...body, username: body.email ?? user.email ?? user.username }
}

/** Makes a change to the user as it is now; one that is gone stays gone. */
export function changeUser(realm: RealmStore, id: string, change: UserChange): void {
  const user = realm.users.get(id)
  if (user === undefined) throw notFound('User not found')
  const changed = change(user)
  requireUnique(realm, changed)
  realm.users.put(changed)
}

/**
 * Hashes a password; a temporary one must be changed at the next login.
 *
 * @throws {AdminError} 400 when the realm's policy refuses it
 */
export async function passwordChange(
  realm: RealmStore,
  user: Readonly<User>,
  password: string,
  temporary: boolean,
): Promise<UserChange> {
  await checkPassword(realm, user, password)
  const made = await passwordCredential(password, realm.now())
  return (before) => {
    const old = before.credentials.find((credential) => credential.type === 'password')
    const others = before.credentials.filter((each) => each !== old)
    const actions = before.requiredActions.filter((action) => action !== 'UPDATE_PASSWORD')
    return {
      ...before,
      credentials: [{ ...made, id: old?.id ?? made.id }, ...others],
      requiredActions: temporary ? [...actions, 'UPDATE_PASSWORD'] : actions,
    }
  }
}

/** Credentials of a body: passwords in clear are hashed, those that were exported are taken as they are. */
async function credentialChange(
  realm: RealmStore,
  user: Readonly<User>,
  bodies: readonly CredentialBody[],
): Promise<UserChange> {
  const changes: UserChange[] = []
  for (const body of bodies) {
    if (body.secretData !== undefined && body.credentialData !== undefined) {
      const credential = imported(realm, body)
      changes.push((before) => ({ ...before, credentials: [...before.credentials, credential] }))
    } else if (body.value !== undefined) {
      changes.push(await passwordChange(realm, user, body.value, body.temporary ?? false))
    }
  }
  return (before) => changes.reduce((changed, change) => change(changed), before)
}

/** Keycloak passes over actions that it does not have, without a word. */
function knownActions(realm: RealmStore, { requiredActions }: UserBody): string[] | undefined {
  return requiredActions?.filter((alias) => realm.info.requiredActions.some((each) => each.alias === alias))
}

/** The body's user, who has no roles and groups yet. */
function newUser(realm: RealmStore, body: UserBody): User {
  const username = realm.info.registrationEmailAsUsername ? (body.email ?? '') : (body.username ?? '')
  if (username === '') throw refused('User name is missing')
  const actions = realm.info.requiredActions.filter((action) => action.enabled && action.defaultAction)
  const requiredActions = [...actions.map((action) => action.alias), ...(body.requiredActions ?? [])]
  const user = named(
    realm,
    { ...body, username },
    {
      id: randomUUID(),
      username: username.toLowerCase(),
      enabled: body.enabled ?? false,
      emailVerified: body.emailVerified ?? false,
      createdTimestamp: body.createdTimestamp ?? realm.now(),
      requiredActions: [...new Set(requiredActions)],
      notBefore: 0,
      credentials: [],
      roles: [],
      groups: [],
    },
  )
  requireUnique(realm, user)
  return user
}

async function storeUser(realm: RealmStore, user: User, body: UserBody): Promise<Readonly<User>> {
  const groups = (body.groups ?? []).map((path) => {
    const group = groupByPath(realm, path)
    if (group === undefined) throw unforeseen()
    return group.id
  })
  const joined = { ...user, groups: [...new Set([...user.groups, ...groups])] }
  const setCredentials = await credentialChange(realm, joined, body.credentials ?? [])
  requireUnique(realm, joined)
  const made = setCredentials(joined)
  // A password that comes with a new user takes no required action away, as one that is set later does.
  return realm.users.put({
    ...made,
    requiredActions: [...new Set([...user.requiredActions, ...made.requiredActions])],
  })
}

function imported(realm: RealmStore, body: CredentialBody): Credential {
  if (![body.secretData, body.credentialData].every(isJson)) {
    throw new AdminError(500, { error: 'invalid_request', error_description: 'Cannot parse the JSON' })
  }
  if (![body.secretData, body.credentialData].every((text) => isObject(JSON.parse(text ?? ''))))
    throw badRequest('unknown_error', 'Cannot parse the JSON')
  return {
    id: body.id ?? randomUUID(),
    type: body.type === 'otp' ? 'otp' : 'password',
    ...(body.userLabel === undefined ? {} : { userLabel: body.userLabel }),
    createdDate: body.createdDate ?? realm.now(),
    secretData: body.secretData ?? '',
    credentialData: body.credentialData ?? '',
  }
}

function isJson(text: string | undefined): boolean {
  try {
    JSON.parse(text ?? '')
    return true
  } catch {
    return false
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
