import { randomInt } from 'node:crypto'
import { systemTime } from 'cloakwright'
import { v5 } from 'uuid'
import type { UserRepresentation } from '../client/index.ts'
import type { ImportedUser, UserFile, UserRow } from '../files/index.ts'
import { type JobItem, type JournalRow, type RealmFacts, texts } from '../jobs/index.ts'

/** The user that a row means, as an import sends it. */
export interface PlannedUser extends JobItem {
  readonly id: string
  /** As Keycloak keeps it: in lower case. */
  readonly name: string
  readonly representation: UserRepresentation
}

/** Names of this toolkit's users (RFC 9562 §5.5). */
const namespace = '0b1f3a52-6b0c-4c3e-9c0f-3f2f5d6a7e11'

/**
 * The user of a row. Its id is the row's own, or follows from realm, file and user name, so that the same row makes the
 * same user however often it is sent.
 *
 * A row of a CSV or NDJSON file is a new user: it gets what the realm gives to each, as by `POST users`.
 * A user of an export is taken as it is.
 */
export function planUser(row: UserRow, file: UserFile, facts: RealmFacts): PlannedUser {
  const { line } = row
  const user = withImportPaths(withUserName(row.user, facts), facts)
  const name = user.username.toLowerCase()
  const id = user.id ?? v5(`${facts.realmId}\n${file.digest}\n${name}`, namespace)
  const local = toOwn(user, facts)
  const representation = file.format === 'keycloak' ? { ...local, id } : { ...asNew(local, facts), id }
  return { line, id, name, representation, row }
}

/** Where the realm takes e-mail addresses for user names, the user's name is the address, whatever the row says. */
export function withUserName(
  user: ImportedUser,
  { registrationEmailAsUsername }: Pick<RealmFacts, 'registrationEmailAsUsername'>,
): ImportedUser {
  const { email = '' } = user
  return registrationEmailAsUsername && email !== '' ? { ...user, username: email.toLowerCase() } : user
}

/** Whether a user name may be another user's e-mail address, or an address another's name, where users log in by both. */
export function mayBeAddress(text: string, ownOther: string, facts: RealmFacts): boolean {
  const { loginWithEmailAllowed, duplicateEmailsAllowed, registrationEmailAsUsername } = facts
  const isByBoth = loginWithEmailAllowed && !duplicateEmailsAllowed && !registrationEmailAsUsername
  return isByBoth && text.includes('@') && text !== ownOther
}

/**
 * Gives a user the time by which those that this job makes are told from the same ones that another import of the file
 * makes meanwhile: its own, that of an earlier run, or one of the last minute, by chance to the millisecond.
 *
 * The chance that two jobs choose the same for a user is 1 in 60,000.
 */
export function toMarked(user: PlannedUser, begun: JournalRow | undefined): PlannedUser {
  const { representation } = user
  const createdTimestamp =
    representation.createdTimestamp ?? begun?.created ?? systemTime() - randomInt(markedWithin)
  return { ...user, representation: { ...representation, createdTimestamp } }
}

/** A row's e-mail address, in lower case; '' without one. */
export function emailOf({ user }: UserRow): string {
  return user.email?.toLowerCase() ?? ''
}

/** Keycloak finds the groups of an import by itself, by its own paths. */
function withImportPaths(user: ImportedUser, facts: RealmFacts): ImportedUser {
  if (user.groups === undefined) return user
  return { ...user, groups: texts(user.groups).map((path) => facts.importPath(path)) }
}

/** What the journal has of a user before it is sent; without an id where Keycloak chooses it. */
export function toJournalRow({ line, id, name, representation }: PlannedUser): JournalRow {
  const { createdTimestamp: created } = representation
  return { line, id, name, ...(created !== undefined && { created }) }
}

/** Milliseconds. */
const markedWithin = 60_000

/** What a row itself says, in names of this realm: the default role of the realm that a user came from is that of this one. */
export function toOwn(user: UserRepresentation, { defaults }: RealmFacts): UserRepresentation {
  const { role, aliases } = defaults
  const roles = texts(user.realmRoles)
  if (role === undefined || !roles.some((name) => aliases.has(name))) return user
  return { ...user, realmRoles: [...new Set(roles.map((name) => (aliases.has(name) ? role : name)))] }
}

function asNew(user: UserRepresentation, { defaults }: RealmFacts): UserRepresentation {
  // By a partial import a temporary password would be a lasting one.
  const temporary = user.credentials?.some((credential) => credential.temporary === true) === true
  const actions = [
    ...texts(user.requiredActions),
    ...defaults.requiredActions,
    ...(temporary ? ['UPDATE_PASSWORD'] : []),
  ]
  const roles = [...texts(user.realmRoles), ...(defaults.role === undefined ? [] : [defaults.role])]
  const groups = [...texts(user.groups), ...defaults.groups]
  return {
    ...user,
    realmRoles: [...new Set(roles)],
    ...(groups.length === 0 ? {} : { groups: [...new Set(groups)] }),
    ...(actions.length === 0 ? {} : { requiredActions: [...new Set(actions)] }),
  }
}
