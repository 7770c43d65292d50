import type { SqlClient } from 'cloakwright/state'
import type { Realm } from '../model/index.ts'
import type { Changes } from './changes.ts'
import { Journal } from './journal.ts'
import { RealmStore } from './realm-store.ts'

/**
 * All realms: kept in memory, written through to the database. The HTTP server commits the changes of a request before the
 * response, so routes need not. Changes that cannot be stored are undone in memory.
 */
export class Store {
  readonly #journal: Journal
  readonly #now: () => number
  readonly #byId = new Map<string, RealmStore>()
  readonly #byName = new Map<string, RealmStore>()

  private constructor(sql: SqlClient | undefined, now: () => number) {
    this.#now = now
    this.#journal = new Journal(sql, {
      current: ({ realmId, kind, id }) => this.#byId.get(realmId)?.stored(kind, id),
      documentsOf: (realmId) => this.#byId.get(realmId)?.allStored() ?? [],
    })
  }

  /**
   * Loads the database; without a database the store starts empty and is kept in memory only.
   *
   * @param now Milliseconds since the epoch.
   */
  static async open(sql: SqlClient | undefined, now: () => number): Promise<Store> {
    const store = new Store(sql, now)
    const documents = await store.#journal.load()
    for (const { kind, body } of documents) if (kind === 'realm') store.#open(body as Realm)
    for (const { realmId, kind, body } of documents) store.#byId.get(realmId)?.load(kind, body)
    return store
  }

  /** All realms in the order of their creation. */
  realms(): RealmStore[] {
    return [...this.#byId.values()]
  }

  /** Finds a realm by its name. */
  realm(name: string): RealmStore | undefined {
    return this.#byName.get(name)
  }

  realmById(id: string): RealmStore | undefined {
    return this.#byId.get(id)
  }

  /** Adds an empty realm; `createRealm` of defaults/ fills it as Keycloak does. */
  addRealm(info: Realm): RealmStore {
    const realm = this.#open(info)
    const document = { realmId: info.id, kind: 'realm', id: info.id, body: realm.info }
    this.#journal.record(document, () => this.#remove(realm), false)
    return realm
  }

  deleteRealm(realm: RealmStore): void {
    this.#remove(realm)
    this.#journal.recordRealmRemoval(realm.info.id, () => this.#register(realm))
  }

  /**
   * Makes changes: all are stored when this resolves, or none.
   *
   * @throws {WriteError} and the errors of `work`
   */
  atomically<T>(work: () => T | Promise<T>): Promise<T> {
    return this.#journal.atomically(work)
  }

  /** Runs a request and returns its changes, to be committed before the response, or undone. */
  collect(work: () => void): Changes {
    return this.#journal.collect(work)
  }

  /**
   * Resolves when the changes, and those outside of any request, are in the database.
   *
   * @throws {WriteError}
   */
  commit(changes?: Changes): Promise<void> {
    return this.#journal.commit(changes)
  }

  /** Whether changes can be stored. */
  isWritable(): Promise<boolean> {
    return this.#journal.isWritable()
  }

  async close(): Promise<void> {
    await this.#journal.close()
  }

  #open(info: Realm): RealmStore {
    const realm = new RealmStore(info, this.#now, this.#journal, (before, after) => {
      if (this.#byName.get(before) === realm) this.#byName.delete(before)
      this.#byName.set(after, realm)
    })
    this.#register(realm)
    return realm
  }

  #register(realm: RealmStore): void {
    this.#byId.set(realm.info.id, realm)
    this.#byName.set(realm.info.realm, realm)
  }

  #remove({ info: { id, realm: name } }: RealmStore): void {
    this.#byId.delete(id)
    this.#byName.delete(name)
  }
}
