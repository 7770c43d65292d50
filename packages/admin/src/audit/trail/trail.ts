import { CloakwrightError, requireOptions, systemTime } from 'cloakwright'
import type { Author, Change, ChangeRecorder, Reason } from '../../changes/index.ts'
import { headOf, sealBatch, type TrailHead, toEntry, type UnplacedEntry } from '../chain/index.ts'
import type { AuditSink } from '../sinks/index.ts'

/** Options of {@link createAuditTrail}. What a single request gives with `withReason` goes before them. */
export interface AuditTrailOptions extends Reason {
  readonly sink: AuditSink
  /** Told the new head after each batch, before the change is acknowledged: to keep it elsewhere, as `headFile` does. */
  readonly onHead?: (head: TrailHead) => Promise<void> | void
  /** Milliseconds since the epoch. Default: the system's time. */
  readonly now?: () => number
}

/** A recorder whose entries are chained: what is removed, changed or cut off later shows. */
export interface AuditTrail extends ChangeRecorder {
  check(): Promise<void>
  /** Where the trail ends; undefined for an empty one. */
  head(): Promise<TrailHead | undefined>
}

/** Entries of one batch at most: what is held in memory when a trail is verified. */
const largestBatch = 1000

interface Waiting {
  readonly entries: readonly UnplacedEntry[]
  readonly resolve: () => void
  readonly reject: (cause: unknown) => void
}

/**
 * Makes an audit trail: each change that the toolkit makes becomes an entry with before, after, who, why and request id.
 * Changes that are recorded at the same time share a batch.
 *
 * When the sink fails, the change itself has been made: its task then fails with `CW_AUDIT_UNAVAILABLE`, which says so.
 * The sink is asked before the first change, and after a failure before the next, so that nothing more is changed that
 * could not be recorded.
 *
 * @example
 * ```ts
 * import { createAdmin } from '@cloakwright/admin'
 * import { createAuditTrail, ndjsonSink } from '@cloakwright/admin/audit'
 *
 * const admin = createAdmin({
 *   server: 'https://id.example.com',
 *   realm: 'shop',
 *   credentials: { clientId: 'operator', clientSecret: () => process.env['OPERATOR_SECRET'] ?? '' },
 *   recorder: createAuditTrail({ sink: ndjsonSink('/var/log/shop/audit.ndjson'), why: 'nightly clean-up' }),
 * })
 * console.log(admin.realm)
 * ```
 */
export function createAuditTrail(options: AuditTrailOptions): AuditTrail {
  requireOptions('createAuditTrail', '{ sink }', options, { onHead: 'function', now: 'function' })
  if (typeof options.sink !== 'object' || options.sink === null)
    throw new CloakwrightError('CW_CONFIG_MISSING', 'createAuditTrail: sink is missing', {
      hint: 'Use ndjsonSink(file) or postgresSink(sql).',
    })
  const { sink, onHead, now = systemTime } = options
  const waiting: Waiting[] = []
  let running: Promise<void> | undefined
  let isGood = false
  const exportHead = createHeadExport(onHead)

  async function run(): Promise<void> {
    for (let taken = waiting.splice(0); taken.length > 0; taken = waiting.splice(0)) {
      try {
        const entries = taken.flatMap((each) => each.entries)
        for (let at = 0; at < entries.length; at += largestBatch) {
          const part = entries.slice(at, at + largestBatch)
          const { seal } = await sink.append((head) => sealBatch(head, part))
          await exportHead(headOf(seal))
        }
        for (const { resolve } of taken) resolve()
      } catch (cause) {
        isGood = false
        for (const { reject } of taken) reject(cause)
      }
    }
    running = undefined
  }

  return {
    async record(changes, author) {
      if (changes.length === 0) return
      const time = new Date(now()).toISOString()
      const entries = changes.map((change) => toEntry(change, reasonOf(options, author), time))
      const kept = new Promise<void>((resolve, reject) => waiting.push({ entries, resolve, reject }))
      running ??= run()
      await kept.catch((cause: unknown) => {
        throw notRecorded(changes, cause)
      })
    },
    async check() {
      if (isGood) return
      try {
        await sink.check()
        await exportHead()
      } catch (cause) {
        throw unavailable('The audit trail cannot be written, so nothing was changed', cause)
      }
      isGood = true
    },
    head: () => sink.head(),
  }
}

/** Exports a head; one that could not be exported is tried again with the next call. */
function createHeadExport(onHead: AuditTrailOptions['onHead']): (latest?: TrailHead) => Promise<void> {
  let waiting: TrailHead | undefined
  return async (latest) => {
    waiting = latest ?? waiting
    const head = waiting
    if (head === undefined) return
    try {
      await onHead?.(head)
    } catch (cause) {
      throw new CloakwrightError('CW_AUDIT_UNAVAILABLE', 'the head of the trail could not be exported', {
        cause,
      })
    }
    if (waiting === head) waiting = undefined
  }
}

function reasonOf({ who, why, requestId }: Reason, author: Author = {}): Author {
  const own = { ...(who && { who }), ...(why && { why }), ...(requestId && { requestId }) }
  return { ...own, ...author }
}

/** Names what was done, so that it can be recorded by hand. */
function notRecorded(changes: readonly Change[], cause: unknown): CloakwrightError {
  const named = changes.slice(0, 3).map(({ action, kind, name }) => `${action} ${kind} ${name}`)
  const more = changes.length > 3 ? ` and ${changes.length - 3} more` : ''
  return unavailable(`Changed, but not recorded in the audit trail: ${named.join(', ')}${more}`, cause)
}

function unavailable(message: string, cause: unknown): CloakwrightError {
  const why = cause instanceof CloakwrightError || isSystemError(cause) ? `: ${cause.message}` : ''
  const next = cause instanceof CloakwrightError ? cause.hint : undefined
  return new CloakwrightError('CW_AUDIT_UNAVAILABLE', `${message}${why}`, {
    cause,
    hint: `${next ?? 'Repair the storage of the audit trail.'} No further change is made until the trail can be written.`,
  })
}

/** Of other errors, of a function that is a sink, no one knows what they quote. */
function isSystemError(cause: unknown): cause is Error {
  return cause instanceof Error && ('syscall' in cause || cause.name === 'SqlError')
}
