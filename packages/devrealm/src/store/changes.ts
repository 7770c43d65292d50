/** A document as the database keeps it; without a body it is deleted. */
export interface StoredDocument {
  readonly realmId: string
  readonly kind: string
  readonly id: string
  readonly body: unknown
}

/** A set of changes: stored as a whole, or undone in memory as a whole. */
export class Changes {
  /** The last state of each changed document, by {@link keyOf}. */
  readonly documents: Map<string, StoredDocument> = new Map()
  readonly removedRealms: Set<string> = new Set()
  readonly #undo: (() => void)[] = []
  #isOpen = true

  /** False once it is being stored or was undone: later changes belong to another set. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  get isEmpty(): boolean {
    return this.documents.size === 0 && this.removedRealms.size === 0
  }

  put(document: StoredDocument, undo: () => void): void {
    this.documents.set(keyOf(document), document)
    this.#undo.push(undo)
  }

  removeRealm(realmId: string, undo: () => void): void {
    this.#forget(realmId)
    this.removedRealms.add(realmId)
    this.#undo.push(undo)
  }

  /** Appends later changes, so both are written together. */
  append(later: Changes): void {
    for (const realmId of later.removedRealms) {
      this.#forget(realmId)
      this.removedRealms.add(realmId)
    }
    for (const [key, document] of later.documents) this.documents.set(key, document)
  }

  /** Drops changes in deleted realms. */
  drop(isGone: (realmId: string) => boolean): void {
    for (const [key, { realmId, body }] of this.documents) {
      if (body !== undefined && isGone(realmId)) this.documents.delete(key)
    }
  }

  close(): void {
    this.#isOpen = false
  }

  /** Restores memory; later changes by others stay. */
  undo(): void {
    this.close()
    for (const undo of this.#undo.splice(0).reverse()) undo()
  }

  #forget(realmId: string): void {
    for (const [key, document] of this.documents) if (document.realmId === realmId) this.documents.delete(key)
  }
}

export function keyOf({ realmId, kind, id }: Omit<StoredDocument, 'body'>): string {
  return `${realmId}/${kind}/${id}`
}
