/** What kind of object a realm's definition declares. */
export type RealmKind =
  | 'realm'
  | 'realm role'
  | 'client'
  | 'client role'
  | 'client scope'
  | 'group'
  | 'user'
  | 'authentication flow'
  | 'required action'

/** What kind of object a change is about. */
export type ChangeKind = RealmKind | 'client secret' | 'session'

/** What was done to one object of a realm. Holds no secret: of a password or a client's secret it has the field's name only. */
export interface Change {
  readonly action: 'create' | 'update' | 'delete'
  readonly kind: ChangeKind
  readonly realm: string
  /** Keycloak's id of the object, where it has one. */
  readonly id?: string
  /** The object's name in the realm: a user name, a group's path, a client id, `client/role`. */
  readonly name: string
  /** The fields that an update changed: `enabled`, `attributes.team`, `roles.admin`, `groups/staff`. */
  readonly fields: readonly string[]
  /** Those fields before, or the whole object before it was deleted. */
  readonly before?: Readonly<Record<string, unknown>>
  /** Those fields after, or the whole object as it was created. */
  readonly after?: Readonly<Record<string, unknown>>
}

/** On whose behalf changes are made, and what for. */
export interface Reason {
  /** Who asked for the change: a person, or a program. */
  readonly who?: string
  readonly why?: string
  /** The request that the change belongs to, as logs name it. */
  readonly requestId?: string
}

/** The author of changes, which a recorder gets with them. */
export interface Author extends Reason {
  /** The user name or client id that the Admin API was used with. */
  readonly account?: string
}

/** Where the toolkit's changes go: an audit trail. */
export interface ChangeRecorder {
  /** Resolves when the changes, which have been made, are kept. */
  record(changes: readonly Change[], author?: Author): Promise<void>
  /** Rejects when changes could not be kept now: asked before the administrator writes to Keycloak. */
  check?(): Promise<void>
}

/** A recorder that adds the author to what it is told. */
export function byAuthor(recorder: ChangeRecorder | undefined, author: Author): ChangeRecorder | undefined {
  if (recorder === undefined) return undefined
  return {
    record: (changes, inner) => recorder.record(changes, { ...author, ...inner }),
    check: async () => await recorder.check?.(),
  }
}
