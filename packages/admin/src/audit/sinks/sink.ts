import type { SealedBatch, TrailHead } from '../chain/index.ts'

/** Where an audit trail is kept. */
export interface AuditSink {
  /** Rejects when nothing could be appended now. */
  check(): Promise<void>
  /** Appends the batch that `seal` makes for the trail's end, durably; no one else appends in between. Gives the batch. */
  append(seal: (head: TrailHead | undefined) => SealedBatch): Promise<SealedBatch>
  /** Where the trail ends; undefined for an empty one. */
  head(): Promise<TrailHead | undefined>
}

/** One line of a trail: an entry, or with the member `seal` what closes a batch. */
export interface TrailLine {
  readonly text: string
  /** Where it is kept, for a message: `line 12`, `seals, last 40`. */
  readonly at: string
}

/** A trail that can be read. */
export interface TrailSource {
  /** All lines in the order in which they are kept, or those of batches that end after an entry. */
  lines(after?: number): AsyncIterable<TrailLine>
}

/**
 * A sink that hands each batch to a function, which resolves when it is kept: for a queue or a log service. The chain is
 * held in this process and continues from `head`: that of the last batch, if there was a process before.
 *
 * @example
 * ```ts
 * import { createAuditTrail, functionSink } from '@cloakwright/admin/audit'
 *
 * export const trail = createAuditTrail({
 *   sink: functionSink(async ({ rows, seal }) => {
 *     for (const row of [...rows, JSON.stringify({ seal })]) console.log(row)
 *   }),
 * })
 * ```
 */
export function functionSink(
  append: (batch: SealedBatch) => Promise<void> | void,
  options: { readonly head?: TrailHead } = {},
): AuditSink {
  let { head } = options
  return {
    check: async () => {},
    async append(seal) {
      const batch = seal(head)
      await append(batch)
      head = { sequence: batch.seal.last, hash: batch.seal.hash }
      return batch
    },
    head: async () => head,
  }
}
