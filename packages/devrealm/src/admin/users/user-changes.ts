import { randomUUID } from 'node:crypto'
import type { Attributes, User } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { isEditable, keptAttributes, type Proposed } from '../../user-profile/index.ts'
import { duplicate, missing, notFound, refused, unforeseen } from '../errors.ts'
import { groupByPath } from '../groups/index.ts'
import type { UserBody } from '../representations/index.ts'
import { credentialChange, type UserChange } from './credential-changes.ts'
import { requireStorable, requireUnique } from './user-names.ts'
import { requireProfile } from './user-profile.ts'

/** Adds a user as `POST users` does: realm and client roles in the body are ignored, as in Keycloak (keycloak#32351). */
export async function addUser(realm: RealmStore, body: UserBody): Promise<Readonly<User>> {
  const username = (body.username ?? '').toLowerCase()
  const user = newUser(realm, { ...body, requiredActions: knownActions(realm, body) ?? [] })
  const proposed = proposal(realm, body, { username })
  if (proposed.username === '') throw refused('User name is missing')
  requireUnique(realm, { ...user, ...addressOf(proposed), username: proposed.username })
  requireProfile(realm, proposed)
  requireColumns(proposed)
  if (body.groups?.some((path) => groupByPath(realm, path) === undefined) === true) throw missing()
  const made = withProfile(realm, { ...user, username: proposed.username }, proposed)
  const { defaultGroups, defaultRoleId } = realm.info
  return storeUser(realm, { ...made, roles: [defaultRoleId], groups: [...defaultGroups] }, body)
}

/** Adds an imported user: only database constraints are checked, and the user gets nothing beyond its body. */
export async function addImportedUser(
  realm: RealmStore,
  body: UserBody,
  roles: string[],
): Promise<Readonly<User>> {
  const user = newUser(realm, body)
  const username = realm.info.registrationEmailAsUsername ? (body.email ?? body.username) : body.username
  if (username === undefined || username === '') throw refused('User name is missing')
  const { attributes, email, firstName, lastName, id = user.id, requiredActions = [] } = body
  if (realm.users.get(id) !== undefined) throw duplicate()
  const columns = [body.username, email, firstName, lastName]
  if (id.length > 36 || columns.some((text) => text !== undefined && text.length > 255)) throw unforeseen()
  const made: User = {
    ...user,
    id,
    username: username.toLowerCase(),
    ...filled({ firstName, lastName, email: email?.toLowerCase() }),
    ...(attributes === undefined ? {} : { attributes }),
    roles,
    requiredActions: [...new Set(requiredActions)],
  }
  requireStorable(realm, made)
  // An imported password is never temporary, whatever the body has.
  const credentials = (body.credentials ?? []).map((credential) => ({ ...credential, temporary: false }))
  return storeUser(realm, made, { ...body, credentials })
}

/**
 * Changes a user as `PUT users/{id}` does: absent members stay, but attributes are replaced, and with them the names and the
 * e-mail.
 */
export async function updateUser(realm: RealmStore, user: Readonly<User>, body: UserBody): Promise<void> {
  if (losesName(realm, body)) throw refused('User name is missing')
  const changed = (before: User): User => {
    const proposed = proposal(realm, body, before)
    const actions = knownActions(realm, body) ?? before.requiredActions
    const { enabled = before.enabled, emailVerified = before.emailVerified } = body
    return withProfile(
      realm,
      { ...before, username: proposed.username, enabled, emailVerified, requiredActions: actions },
      proposed,
    )
  }
  const proposed = proposal(realm, body, user)
  requireUnique(realm, { id: user.id, username: proposed.username, ...addressOf(proposed) }, user)
  requireProfile(realm, proposed, user)
  requireColumns(proposed)
  const setCredentials = await credentialChange(realm, changed(user), body.credentials ?? [])
  changeUser(realm, user.id, (before) => setCredentials(changed(before)))
}

/** Attributes replace the user name too, if it may be changed. */
function losesName(realm: RealmStore, { username, email, attributes }: UserBody): boolean {
  if (realm.info.registrationEmailAsUsername) return email === ''
  const isReplaced = attributes !== undefined && realm.info['editUsernameAllowed'] === true
  return username === '' || (isReplaced && username === undefined)
}

/** Applies a change to the current user; a deleted user stays deleted. */
export function changeUser(realm: RealmStore, id: string, change: UserChange): void {
  const user = realm.users.get(id)
  if (user === undefined) throw notFound('User not found')
  const changed = change(user)
  requireStorable(realm, changed)
  realm.users.put(changed)
}

/** Keycloak silently ignores unknown actions. */
function knownActions(realm: RealmStore, { requiredActions }: UserBody): string[] | undefined {
  return requiredActions?.filter((alias) => realm.info.requiredActions.some((each) => each.alias === alias))
}

/** The user of the body, without names, attributes, roles and groups. */
function newUser(realm: RealmStore, body: UserBody): User {
  const actions = realm.info.requiredActions.filter((action) => action.enabled && action.defaultAction)
  const requiredActions = [...actions.map((action) => action.alias), ...(body.requiredActions ?? [])]
  return {
    id: randomUUID(),
    username: '',
    enabled: body.enabled ?? false,
    emailVerified: body.emailVerified ?? false,
    createdTimestamp: body.createdTimestamp ?? realm.now(),
    requiredActions: [...new Set(requiredActions)],
    notBefore: 0,
    credentials: [],
    roles: [],
    groups: [],
  }
}

async function storeUser(realm: RealmStore, user: User, body: UserBody): Promise<Readonly<User>> {
  const groups = (body.groups ?? []).map((path) => {
    const group = groupByPath(realm, path)
    if (group === undefined) throw unforeseen()
    return group.id
  })
  const joined = { ...user, groups: [...new Set([...user.groups, ...groups])] }
  const setCredentials = await credentialChange(realm, joined, body.credentials ?? [])
  requireStorable(realm, joined)
  const made = setCredentials(joined)
  // A password of a new user removes no required action; one that is set later does.
  return realm.users.put({
    ...made,
    requiredActions: [...new Set([...user.requiredActions, ...made.requiredActions])],
  })
}

/** The user that the body requests: with attributes, names and e-mail are replaced too. */
function proposal(realm: RealmStore, body: UserBody, before: Proposed): Proposed {
  const old: Partial<Proposed> = body.attributes === undefined ? before : {}
  const email = (body.email ?? old.email)?.toLowerCase()
  const { registrationEmailAsUsername } = realm.info
  const username =
    (registrationEmailAsUsername ? (email ?? before.username) : body.username) ?? before.username
  const attributes: Attributes | undefined = body.attributes ?? before.attributes
  return {
    username: username.toLowerCase(),
    ...filled({
      firstName: body.firstName ?? old.firstName,
      lastName: body.lastName ?? old.lastName,
      email,
    }),
    ...(attributes === undefined ? {} : { attributes }),
  }
}

/** The user with the proposed values that the profile lets an administrator set. */
function withProfile(realm: RealmStore, user: User, proposed: Proposed): User {
  const { firstName, lastName, email, attributes, ...rest } = user
  const kept = keptAttributes(realm, proposed.attributes ?? {}, attributes)
  const text = (name: 'firstName' | 'lastName' | 'email', before: string | undefined): string | undefined =>
    isEditable(realm, name) ? proposed[name] : before
  return {
    ...rest,
    ...filled({
      firstName: text('firstName', firstName),
      lastName: text('lastName', lastName),
      email: text('email', email),
    }),
    ...(Object.keys(kept).length === 0 ? {} : { attributes: kept }),
  }
}

/** Without a limit in the profile, the database has one. */
function requireColumns({
  username,
  firstName = '',
  lastName = '',
  email = '',
  attributes = {},
}: Proposed): void {
  if (username.length > 255) throw refused('Could not create user')
  const texts = [firstName, lastName, email, ...Object.keys(attributes)]
  // Keycloak returns 500; here it is a bad request.
  if (texts.some((text) => text.length > 255)) throw refused('Could not create user')
}

function addressOf({ email }: Proposed): Pick<User, 'email'> {
  return email === undefined ? {} : { email }
}

type Texts = Pick<User, 'firstName' | 'lastName' | 'email'>

function filled(texts: { readonly [K in keyof Texts]: string | undefined }): Texts {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined && text !== ''))
}
