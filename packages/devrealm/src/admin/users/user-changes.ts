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

/** Adds a user as `POST users` does: realm and client roles of the body are passed over, as Keycloak does (keycloak#32351). */
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

/** Adds a user of an import: nothing is checked but what the database refuses, and it has no more than its body says. */
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
  // A password of an import is a lasting one, whatever it says.
  const credentials = (body.credentials ?? []).map((credential) => ({ ...credential, temporary: false }))
  return storeUser(realm, made, { ...body, credentials })
}

/** Changes a user as `PUT users/{id}` does: what is absent stays, but attributes are replaced, and with them the names and the address. */
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

/** Attributes replace the user name too, where it may be changed. */
function losesName(realm: RealmStore, { username, email, attributes }: UserBody): boolean {
  if (realm.info.registrationEmailAsUsername) return email === ''
  const isReplaced = attributes !== undefined && realm.info['editUsernameAllowed'] === true
  return username === '' || (isReplaced && username === undefined)
}

/** Makes a change to the user as it is now; one that is gone stays gone. */
export function changeUser(realm: RealmStore, id: string, change: UserChange): void {
  const user = realm.users.get(id)
  if (user === undefined) throw notFound('User not found')
  const changed = change(user)
  requireStorable(realm, changed)
  realm.users.put(changed)
}

/** Keycloak passes over actions that it does not have, without a word. */
function knownActions(realm: RealmStore, { requiredActions }: UserBody): string[] | undefined {
  return requiredActions?.filter((alias) => realm.info.requiredActions.some((each) => each.alias === alias))
}

/** The body's user without names and attributes, who has no roles and groups yet. */
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
  // A password that comes with a new user takes no required action away, as one that is set later does.
  return realm.users.put({
    ...made,
    requiredActions: [...new Set([...user.requiredActions, ...made.requiredActions])],
  })
}

/** What the body asks the user to be: with attributes, names and address are replaced too. */
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

/** The user with what is proposed, as far as the profile lets an administrator set it. */
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

/** Where the profile sets no limit, the database does. */
function requireColumns({
  username,
  firstName = '',
  lastName = '',
  email = '',
  attributes = {},
}: Proposed): void {
  if (username.length > 255) throw refused('Could not create user')
  const texts = [firstName, lastName, email, ...Object.keys(attributes)]
  // Keycloak answers 500: here it is the body's fault.
  if (texts.some((text) => text.length > 255)) throw refused('Could not create user')
}

function addressOf({ email }: Proposed): Pick<User, 'email'> {
  return email === undefined ? {} : { email }
}

type Texts = Pick<User, 'firstName' | 'lastName' | 'email'>

function filled(texts: { readonly [K in keyof Texts]: string | undefined }): Texts {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined && text !== ''))
}
