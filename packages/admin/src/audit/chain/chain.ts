import { createHash } from 'node:crypto'
import { canonicalJson } from './canonical.ts'
import type { UnplacedEntry } from './entry.ts'

/** Where a trail ends. Keep it where whoever can write to the trail cannot: without it, a cut end does not show. */
export interface TrailHead {
  /** The last entry. */
  readonly sequence: number
  /** The hash of its batch, which covers all before it. */
  readonly hash: string
}

/** What closes a batch of entries and ties it to all before it. */
export interface Seal {
  /** The batch's first entry. */
  readonly first: number
  /** Its last entry. */
  readonly last: number
  /** SHA-256 of each entry in its canonical JSON (RFC 8785), base64url. */
  readonly rows: readonly string[]
  /** The hash of the batch before; null for the first one. */
  readonly previous: string | null
  /** SHA-256 of the canonical JSON of the members above, base64url. */
  readonly hash: string
}

/** Entries with their places, each as the JSON that is kept, and the seal of the batch. */
export interface SealedBatch {
  readonly rows: readonly string[]
  readonly seal: Seal
}

/** Gives entries the places after the head, and seals them. */
export function sealBatch(head: TrailHead | undefined, entries: readonly UnplacedEntry[]): SealedBatch {
  const first = (head?.sequence ?? 0) + 1
  const rows = entries.map((entry, index) => canonicalJson({ ...entry, sequence: first + index }))
  const content = {
    first,
    last: first + rows.length - 1,
    rows: rows.map(digest),
    previous: head?.hash ?? null,
  }
  return { rows, seal: { ...content, hash: sealHash(content) } }
}

/** The head after a batch. */
export function headOf({ last, hash }: Seal): TrailHead {
  return { sequence: last, hash }
}

export function sealHash({ first, last, rows, previous }: Omit<Seal, 'hash'>): string {
  return digest(canonicalJson({ first, last, rows, previous }))
}

/** SHA-256, base64url. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
