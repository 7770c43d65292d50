import type {
  Client,
  ClientScope,
  Group,
  Realm,
  RealmKey,
  RevokedToken,
  Role,
  User,
  UserSession,
} from '../model/index.ts'
import { AdminEventLog } from './admin-event-log.ts'
import type { StoredDocument } from './changes.ts'
import { Collection, type Index } from './collection.ts'
import type { Journal } from './journal.ts'

/** One realm: its settings and its documents, found by id or by name. */
export class RealmStore {
  /** The clock, in milliseconds since the epoch. */
  readonly now: () => number
  readonly clients: Collection<Client>
  readonly clientScopes: Collection<ClientScope>
  readonly roles: Collection<Role>
  readonly groups: Collection<Group>
  readonly users: Collection<User>
  readonly sessions: Collection<UserSession>
  readonly offlineSessions: Collection<UserSession>
  readonly keys: Collection<RealmKey>
  readonly revokedTokens: Collection<RevokedToken>
  readonly adminEvents: AdminEventLog = new AdminEventLog()

  readonly clientByName: Index<Client>
  readonly scopeByName: Index<ClientScope>
  readonly userByName: Index<User>
  /** Keyed by the e-mail in lower case. */
  readonly userByEmail: Index<User>
  readonly usersInGroup: Index<User>
  /** Users with a direct mapping of the role. */
  readonly usersWithRole: Index<User>
  readonly groupsIn: Index<Group>
  readonly rolesOfClient: Index<Role>
  readonly sessionsOfUser: Index<UserSession>
  readonly offlineSessionsOfUser: Index<UserSession>
  readonly #serviceAccounts: Index<User>
  readonly #roleByName: Index<Role>

  readonly #journal: Journal
  readonly #onRename: (before: string, after: string) => void
  readonly #collections = new Map<string, Collection<{ id: string }>>()
  #info: Readonly<Realm>

  constructor(
    info: Realm,
    now: () => number,
    journal: Journal,
    onRename: (before: string, after: string) => void,
  ) {
    this.now = now
    this.#info = Object.freeze({ ...info })
    this.#journal = journal
    this.#onRename = onRename

    this.clients = this.#collection('client')
    this.clientByName = this.clients.index((client) => client.clientId)
    this.clientScopes = this.#collection('client-scope')
    this.scopeByName = this.clientScopes.index((scope) => scope.name)
    this.roles = this.#collection('role')
    this.#roleByName = this.roles.index((role) => roleKey(role.name, role.clientId))
    this.rolesOfClient = this.roles.index((role) => role.clientId ?? '')
    this.groups = this.#collection('group')
    this.groupsIn = this.groups.index((group) => group.parentId ?? '')
    this.users = this.#collection('user')
    this.userByName = this.users.index((user) => user.username)
    this.userByEmail = this.users.index((user) => user.email?.toLowerCase())
    this.usersInGroup = this.users.index((user) => user.groups)
    this.usersWithRole = this.users.index((user) => user.roles)
    this.#serviceAccounts = this.users.index((user) => user.serviceAccountClientId)
    this.sessions = this.#collection('session')
    this.sessionsOfUser = this.sessions.index((session) => session.userId)
    this.offlineSessions = this.#collection('offline-session')
    this.offlineSessionsOfUser = this.offlineSessions.index((session) => session.userId)
    this.keys = this.#collection('key')
    this.revokedTokens = this.#collection('revoked-token')
  }

  /** The realm's settings. */
  get info(): Readonly<Realm> {
    return this.#info
  }

  /** Replaces the realm's settings; its id must not change. */
  update(info: Realm): void {
    const before = this.#info
    const after = Object.freeze({ ...info })
    this.#replaceInfo(after)
    const undo = (): void => {
      if (this.#info === after) this.#replaceInfo(before)
    }
    this.#journal.record({ realmId: info.id, kind: 'realm', id: info.id, body: after }, undo, false)
  }

  /** Makes changes: all are stored when this resolves, or none. */
  atomically<T>(work: () => T | Promise<T>): Promise<T> {
    return this.#journal.atomically(work)
  }

  /** A realm role or, with `clientId` (an id), a client role. */
  role(name: string, clientId?: string): Readonly<Role> | undefined {
    return this.#roleByName.get(roleKey(name, clientId))
  }

  realmRoles(): Readonly<Role>[] {
    return this.rolesOfClient.all('')
  }

  topGroups(): Readonly<Group>[] {
    return this.groupsIn.all('')
  }

  /** The group and its parents up to the top. Groups stored as a cycle appear once each. */
  groupLine(group: Readonly<Group> | undefined): Readonly<Group>[] {
    const line = new Set<Readonly<Group>>()
    for (let each = group; each !== undefined && !line.has(each); ) {
      line.add(each)
      each = each.parentId === undefined ? undefined : this.groups.get(each.parentId)
    }
    return [...line]
  }

  /** `/parent/child`, as Keycloak writes it. */
  groupPath(group: Group): string {
    const names = this.groupLine(group).map(({ name }) => name)
    return `/${names.toReversed().join('/')}`
  }

  /** The service account of a client. */
  serviceAccount(clientId: string): Readonly<User> | undefined {
    return this.#serviceAccounts.get(clientId)
  }

  /** Takes a document from storage. */
  load(kind: string, body: unknown): void {
    this.#collections.get(kind)?.load(body as { id: string })
  }

  /** The stored document, or the one to store. */
  stored(kind: string, id: string): unknown {
    return kind === 'realm' ? this.#info : this.#collections.get(kind)?.get(id)
  }

  /** All stored documents of this realm. */
  allStored(): StoredDocument[] {
    const realmId = this.#info.id
    const parts = [...this.#collections].flatMap(([kind, collection]) =>
      collection.values().map((body) => ({ realmId, kind, id: body.id, body })),
    )
    return [{ realmId, kind: 'realm', id: realmId, body: this.#info }, ...parts]
  }

  #replaceInfo(info: Readonly<Realm>): void {
    const before = this.#info.realm
    this.#info = info
    if (info.realm !== before) this.#onRename(before, info.realm)
  }

  #collection<T extends { readonly id: string }>(kind: string): Collection<T> {
    const collection = new Collection<T>(({ id, document, later, undo }) =>
      this.#journal.record({ realmId: this.#info.id, kind, id, body: document }, undo, later),
    )
    this.#collections.set(kind, collection as unknown as Collection<{ id: string }>)
    return collection
  }
}

/** Names in Keycloak cannot contain NUL, so no role name collides with that of a client role. */
function roleKey(name: string, clientId: string | undefined): string {
  return `${clientId ?? ''}\0${name}`
}
