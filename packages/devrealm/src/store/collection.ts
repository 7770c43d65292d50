/** An index that a {@link Collection} maintains. */
export interface Index<T> {
  /** The document with the key; the oldest if several share it. */
  get(key: string): Readonly<T> | undefined
  /** All documents with the key, oldest first. */
  all(key: string): Readonly<T>[]
}

/** A change of a {@link Collection}. */
export interface CollectionChange {
  readonly id: string
  /** Absent for a deletion. */
  readonly document: unknown
  /** Whether it may be lost in a crash. */
  readonly later: boolean
  /** Restores the previous document, unless it was changed again. */
  readonly undo: () => void
}

/** Documents of one kind in one realm. Each change is passed to `onChange`, which persists it. */
export class Collection<T extends { readonly id: string }> {
  readonly #documents = new Map<string, Readonly<T>>()
  readonly #indexes: {
    readonly keys: (document: T) => readonly string[]
    readonly found: Map<string, Set<string>>
  }[] = []
  readonly #onChange: (change: CollectionChange) => void
  #version = 0

  constructor(onChange: (change: CollectionChange) => void) {
    this.#onChange = onChange
  }

  get size(): number {
    return this.#documents.size
  }

  /** Differs after each change: for what is computed from the documents and kept. */
  get version(): number {
    return this.#version
  }

  /** All documents in the order of their creation. */
  values(): Readonly<T>[] {
    return [...this.#documents.values()]
  }

  get(id: string): Readonly<T> | undefined {
    return this.#documents.get(id)
  }

  /** Adds the document, or replaces the one with its id. The stored copy is frozen: change it with another `put`. */
  put(document: T): Readonly<T> {
    return this.#set(document, false)
  }

  /**
   * Like `put`, for changes that may be lost in a crash (a session's last access): written within seconds, not before the
   * response.
   */
  touch(document: T): Readonly<T> {
    return this.#set(document, true)
  }

  delete(id: string): boolean {
    const document = this.#documents.get(id)
    if (document === undefined) return false
    this.#replace(id, undefined)
    this.#changed(id, document, undefined, false)
    return true
  }

  /** Fills the collection from storage. */
  load(document: T): void {
    this.#replace(document.id, Object.freeze({ ...document }))
  }

  /** Creates an index by the keys that `keys` returns for a document. */
  index(keys: (document: T) => string | undefined | readonly string[]): Index<T> {
    const found = new Map<string, Set<string>>()
    this.#indexes.push({
      keys: (document) => {
        const key = keys(document)
        return key === undefined ? [] : typeof key === 'string' ? [key] : key
      },
      found,
    })
    const document = (id: string): Readonly<T> => this.#documents.get(id) as Readonly<T>
    return {
      get: (key) => {
        const [id] = found.get(key) ?? []
        return id === undefined ? undefined : document(id)
      },
      all: (key) => [...(found.get(key) ?? [])].map(document),
    }
  }

  #set(document: T, later: boolean): Readonly<T> {
    const frozen = Object.freeze({ ...document })
    const before = this.#documents.get(frozen.id)
    this.#replace(frozen.id, frozen)
    this.#changed(frozen.id, before, frozen, later)
    return frozen
  }

  #changed(
    id: string,
    before: Readonly<T> | undefined,
    document: Readonly<T> | undefined,
    later: boolean,
  ): void {
    const undo = (): void => {
      if (this.#documents.get(id) === document) this.#replace(id, before)
    }
    this.#onChange({ id, document, later, undo })
  }

  #replace(id: string, document: Readonly<T> | undefined): void {
    this.#version += 1
    const before = this.#documents.get(id)
    if (before !== undefined) this.#unlist(before)
    if (document === undefined) {
      this.#documents.delete(id)
    } else {
      this.#documents.set(id, document)
      this.#list(document)
    }
  }

  #list(document: Readonly<T>): void {
    for (const { keys, found } of this.#indexes) {
      for (const key of keys(document)) {
        const ids = found.get(key)
        if (ids === undefined) found.set(key, new Set([document.id]))
        else ids.add(document.id)
      }
    }
  }

  #unlist(document: Readonly<T>): void {
    for (const { keys, found } of this.#indexes) {
      for (const key of keys(document)) {
        const ids = found.get(key)
        ids?.delete(document.id)
        if (ids?.size === 0) found.delete(key)
      }
    }
  }
}
