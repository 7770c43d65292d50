import { AsyncLocalStorage } from 'node:async_hooks'
import type { SqlClient } from 'cloakwright/state'
import { Changes, keyOf, type StoredDocument } from './changes.ts'
import { probeWriting, readDocuments, writeDocuments } from './documents.ts'

/** The interface of the journal to memory. */
export interface Memory {
  /** The current document; undefined if it was deleted. */
  current(document: Omit<StoredDocument, 'body'>): unknown
  /** Everything in a realm. */
  documentsOf(realmId: string): StoredDocument[]
}

/** Why changes were undone in memory: the database rejected a document, or could not be written. */
export class WriteError extends Error {
  /** The database works but rejects the document. */
  readonly isRefusal: boolean

  constructor(cause: unknown) {
    const isRefusal = isRefusedDocument(cause)
    super(isRefusal ? 'the database rejected a document' : 'could not write to the database', { cause })
    this.name = 'WriteError'
    this.isRefusal = isRefusal
  }

  /** For clients, if the database could not be written: only what they can do about it, not the cause. */
  get description(): string {
    const isDiskFull = (this.cause as { code?: unknown } | undefined)?.code === 'CW_DISK_FULL'
    const more = isDiskFull ? ': its disk is full. Free space on it; no restart is needed' : ''
    return `Could not write to the database of the realm${more}`
  }
}

interface Waiting {
  readonly changes: Changes
  readonly done: () => void
  readonly failed: (error: WriteError) => void
}

/**
 * Writes changes to the database, all pending ones in one transaction. Changes that cannot be written are undone in memory, so
 * memory and database stay equal, and only their own request fails.
 */
export class Journal {
  readonly #sql: SqlClient | undefined
  readonly #memory: Memory
  readonly #scope = new AsyncLocalStorage<Changes>()
  /** Changes outside of any collection. */
  #shared = new Changes()
  readonly #later = new Map<string, StoredDocument>()
  /** Documents that a failed transaction may have left different in the database: written with the next one. */
  #unsure = new Changes()
  #queue: Waiting[] = []
  #isWriting = false
  /** Settles when everything queued so far is written or undone. */
  #decided: Promise<void> = Promise.resolve()
  #isFailing = false
  readonly #timer: NodeJS.Timeout | undefined

  /** @param interval milliseconds after which changes recorded with `later` are written */
  constructor(sql: SqlClient | undefined, memory: Memory, interval = 2000) {
    this.#sql = sql
    this.#memory = memory
    if (sql === undefined) return
    this.#timer = setInterval(() => void this.#writeRest(), interval)
    this.#timer.unref()
  }

  async load(): Promise<StoredDocument[]> {
    return this.#sql === undefined ? [] : readDocuments(this.#sql)
  }

  record(document: StoredDocument, undo: () => void, later: boolean): void {
    const changes = this.#changes()
    if (changes === undefined) return
    const key = keyOf(document)
    if (later && !changes.documents.has(key)) {
      this.#later.set(key, document)
    } else {
      this.#later.delete(key)
      changes.put(document, undo)
    }
  }

  recordRealmRemoval(realmId: string, undo: () => void): void {
    for (const [key, document] of this.#later) if (document.realmId === realmId) this.#later.delete(key)
    this.#changes()?.removeRealm(realmId, undo)
  }

  /**
   * Runs `work`; its changes are stored when this resolves. If `work` or the database fails, they are undone.
   *
   * @throws {WriteError} and the errors of `work`
   */
  async atomically<T>(work: () => T | Promise<T>): Promise<T> {
    const changes = new Changes()
    let result: T
    try {
      result = await this.#scope.run(changes, work)
    } catch (error) {
      changes.undo()
      throw error
    }
    await this.#store(changes)
    return result
  }

  /** Runs `work` and returns its changes, including later ones: {@link commit} stores them. */
  collect(work: () => void): Changes {
    const changes = new Changes()
    this.#scope.run(changes, work)
    return changes
  }

  /**
   * Resolves when the changes, and those outside of any collection, are in the database and everything queued is written or
   * undone.
   *
   * @throws {WriteError}
   */
  async commit(given: Changes = new Changes()): Promise<void> {
    const shared = this.#shared
    this.#shared = new Changes()
    const before = this.#decided
    await Promise.all([this.#store(shared), this.#store(given), before])
  }

  /** Whether changes can be stored; after a failure, it tries. */
  async isWritable(): Promise<boolean> {
    if (this.#sql === undefined || !this.#isFailing) return true
    try {
      await probeWriting(this.#sql)
      this.#isFailing = false
    } catch {
      return false
    }
    return true
  }

  /** Writes pending changes. Failures were reported to the caller, or the changes may be lost. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#writeRest()
    await this.#decided
  }

  #changes(): Changes | undefined {
    const own = this.#scope.getStore()
    if (own?.isOpen === true) return own
    return this.#sql === undefined ? undefined : this.#shared
  }

  /** Changes that no request waits for. */
  async #writeRest(): Promise<void> {
    const changes = new Changes()
    changes.append(this.#unsure)
    for (const document of this.#later.values()) changes.put(document, () => undefined)
    this.#later.clear()
    await this.commit(changes).catch(() => undefined)
  }

  async #store(changes: Changes): Promise<void> {
    changes.close()
    const sql = this.#sql
    if (sql === undefined || changes.isEmpty) return
    const stored = new Promise<void>((done, failed) => this.#queue.push({ changes, done, failed }))
    this.#decided = stored.catch(() => undefined)
    if (!this.#isWriting) void this.#writeQueue(sql)
    await stored
  }

  async #writeQueue(sql: SqlClient): Promise<void> {
    this.#isWriting = true
    while (this.#queue.length > 0) {
      const waiting = this.#queue
      this.#queue = []
      if (await this.#write(sql, waiting, waiting.length === 1)) continue
      // One of several may be the cause: try each separately.
      for (const each of waiting) await this.#write(sql, [each], true)
    }
    this.#isWriting = false
  }

  /** False if nothing was written and each must be tried separately; after the last attempt it is undone. */
  async #write(sql: SqlClient, waiting: readonly Waiting[], isLast: boolean): Promise<boolean> {
    const all = new Changes()
    all.append(this.#unsure)
    for (const { changes } of waiting) all.append(changes)
    all.drop((realmId) => this.#memory.current({ realmId, kind: 'realm', id: realmId }) === undefined)
    try {
      await writeDocuments(sql, all)
    } catch (cause) {
      const error = new WriteError(cause)
      this.#isFailing = !error.isRefusal
      if (!isLast) return false
      for (const { changes, failed } of waiting) {
        changes.undo()
        this.#distrust(changes, error)
        failed(error)
      }
      return true
    }
    this.#isFailing = false
    this.#unsure = new Changes()
    for (const { done } of waiting) done()
    return true
  }

  /**
   * Writes the undone documents again in their restored state: a connection can break between a commit and its confirmation,
   * and concurrent changes in a removed realm were dropped.
   */
  #distrust({ documents, removedRealms }: Changes, { isRefusal }: WriteError): void {
    const restored = new Changes()
    for (const document of isRefusal ? [] : documents.values()) {
      // PostgreSQL stores no NUL: no such row was written.
      if (document.id.includes('\0')) continue
      restored.put({ ...document, body: this.#memory.current(document) }, () => undefined)
    }
    for (const realmId of removedRealms) {
      for (const document of this.#memory.documentsOf(realmId)) restored.put(document, () => undefined)
    }
    this.#unsure.append(restored)
  }
}

/** SQLSTATE classes 22, data exception, and 54, program limit exceeded; or values that JavaScript cannot write as JSON. */
function isRefusedDocument(error: unknown): boolean {
  if (error instanceof RangeError) return true
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' && /^(?:22|54)[0-9A-Z]{3}$/.test(code)
}
