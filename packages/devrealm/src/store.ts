import type { SqlClient } from 'cloakwright/state'
import type { Realm } from './model.ts'
import { Journal } from './store/journal.ts'
import { RealmStore } from './store/realm-store.ts'

/**
 * All realms: kept in memory, written through to the database. A change is durable once {@link Store.commit} resolves;
 * the HTTP server awaits it before every answer, so routes need not.
 */
export class Store {
  readonly #journal: Journal
  readonly #now: () => number
  readonly #byId = new Map<string, RealmStore>()
  readonly #byName = new Map<string, RealmStore>()

  private constructor(journal: Journal, now: () => number) {
    this.#journal = journal
    this.#now = now
  }

  /**
   * Loads what the database holds; without a database the store begins empty and is gone with the process.
   *
   * @param now Milliseconds since the epoch.
   */
  static async open(sql: SqlClient | undefined, now: () => number): Promise<Store> {
    const journal = new Journal(sql)
    const store = new Store(journal, now)
    const documents = await journal.load()
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

  /** Adds an empty realm; `createRealm` of defaults.ts fills it as Keycloak does. */
  addRealm(info: Realm): RealmStore {
    const realm = this.#open(info)
    realm.update(info)
    return realm
  }

  deleteRealm(realm: RealmStore): void {
    this.#byId.delete(realm.info.id)
    this.#byName.delete(realm.info.realm)
    this.#journal.recordRealmRemoval(realm.info.id)
  }

  /** Resolves when every change made so far is in the database. */
  commit(): Promise<void> {
    return this.#journal.commit()
  }

  async close(): Promise<void> {
    await this.#journal.close()
  }

  #open(info: Realm): RealmStore {
    const realm = new RealmStore(info, this.#now, this.#journal, (before, after) => {
      this.#byName.delete(before)
      this.#byName.set(after, realm)
    })
    this.#byId.set(info.id, realm)
    this.#byName.set(info.realm, realm)
    return realm
  }
}
