import type { UserRepresentation } from '../../client/index.ts'
import type { Inverse } from '../../edit/index.ts'

/** How a row of a job ended. `created` and `changed` can be undone. */
export type Outcome = (typeof outcomes)[number]

const outcomes = ['created', 'changed', 'present', 'existing', 'rejected'] as const

/** Which job a journal belongs to. */
export interface JournalHeader {
  /** `import`, … */
  readonly job: string
  readonly server: string
  readonly realm: string
  /** A realm that was deleted and made again has another. */
  readonly realmId: string
  /** SHA-256 of the file that the job works through, in hexadecimal. */
  readonly file: string
}

/** One object that a job is about to change. */
export interface JournalRow {
  readonly line: number
  /** Keycloak's id; '' where it is not known yet. */
  readonly id: string
  /** The user name. */
  readonly name: string
  /** The `createdTimestamp` of a user that the job makes: who has the id or the name with another one is not of its making. */
  readonly created?: number
  /** What takes the change back. Default: the user is deleted. */
  readonly inverse?: Inverse
}

/** Whether it is the user that the row is about, as far as this can be told by what the row knows. */
export function isOwn({ created }: JournalRow, found: UserRepresentation): boolean {
  return created === undefined || found.createdTimestamp === created
}

/**
 * The rows of batches that did not end, by line. Who was created alone stays so where a later run began with the batch again:
 * the user has an id that the batch does not know.
 */
export function openRows(batches: Iterable<readonly JournalRow[]>): Map<number, JournalRow> {
  const open = new Map<number, JournalRow>()
  for (const rows of batches)
    for (const row of rows) if (open.get(row.line)?.id !== '') open.set(row.line, row)
  return open
}

/** How one row ended. */
export interface End {
  readonly line: number
  readonly outcome: Outcome
  /** Why it was rejected, or a part of it; without the row's values. */
  readonly reason?: string
  /** Keycloak's id of what was created, where it was not known before. */
  readonly id?: string
}

/** A line of a journal. */
export type JournalRecord =
  | ({ readonly kind: 'header' } & JournalHeader)
  | { readonly kind: 'started'; readonly batch: number; readonly rows: readonly JournalRow[] }
  | { readonly kind: 'ended'; readonly batch?: number; readonly ends: readonly End[] }
  | { readonly kind: 'undone'; readonly lines: readonly number[] }

/** A record as a line of the journal, without its end: short, since a journal of 100,000 users has as many rows. */
export function writeRecord(record: JournalRecord): string {
  switch (record.kind) {
    case 'header': {
      const { kind: _kind, ...header } = record
      return JSON.stringify({ journal: version, ...header })
    }
    case 'started':
      return JSON.stringify({
        started: record.batch,
        rows: record.rows.map(({ line, id, name, created, inverse }) => {
          const detail = inverse ?? created
          return detail === undefined ? [line, id, name] : [line, id, name, detail]
        }),
      })
    case 'ended': {
      const lists = outcomes.flatMap((outcome) => {
        const ends = record.ends.filter((end) => end.outcome === outcome)
        return ends.length === 0 ? [] : [[memberOf(outcome), ends.map(writeEnd)] as const]
      })
      return JSON.stringify({ ended: record.batch ?? 0, ...Object.fromEntries(lists) })
    }
    case 'undone':
      return JSON.stringify({ undone: record.lines })
  }
}

/** The record that a line holds; undefined where it holds none. */
export function readRecord(text: string): JournalRecord | undefined {
  const value = parse(text)
  if (value === undefined) return undefined
  if (value['journal'] === version) return readHeader(value)
  if (isWhole(value['started']) && Array.isArray(value['rows'])) {
    const rows = value['rows'].map(readRow)
    return rows.every((row) => row !== undefined)
      ? { kind: 'started', batch: value['started'], rows }
      : undefined
  }
  if (isWhole(value['ended'])) {
    const ends = outcomes.flatMap((outcome) => {
      const member = memberOf(outcome)
      const list = Object.hasOwn(value, member) ? value[member] : []
      return Array.isArray(list) ? list.map((each) => readEnd(outcome, each)) : [undefined]
    })
    if (!ends.every((end) => end !== undefined)) return undefined
    return { kind: 'ended', ...(value['ended'] === 0 ? {} : { batch: value['ended'] }), ends }
  }
  if (Array.isArray(value['undone']) && value['undone'].every(isWhole)) {
    return { kind: 'undone', lines: value['undone'] }
  }
  return undefined
}

const version = 1

/** A journal calls its rejected rows failed. */
function memberOf(outcome: Outcome): string {
  return outcome === 'rejected' ? 'failed' : outcome
}

function writeEnd({ line, outcome, reason, id }: End): unknown {
  const detail = outcome === 'created' ? id : reason
  return detail === undefined ? line : [line, detail]
}

function readEnd(outcome: Outcome, value: unknown): End | undefined {
  if (isWhole(value)) return { line: value, outcome }
  if (!Array.isArray(value)) return undefined
  const [line, detail] = value as unknown[]
  if (!isWhole(line) || typeof detail !== 'string') return undefined
  return { line, outcome, ...(outcome === 'created' ? { id: detail } : { reason: detail }) }
}

function readRow(value: unknown): JournalRow | undefined {
  if (!Array.isArray(value)) return undefined
  const [line, id, name, detail] = value as unknown[]
  if (!isWhole(line) || typeof id !== 'string' || typeof name !== 'string') return undefined
  if (detail === undefined) return { line, id, name }
  if (typeof detail === 'number') return { line, id, name, created: detail }
  return typeof detail === 'object' && detail !== null
    ? { line, id, name, inverse: detail as Inverse }
    : undefined
}

function readHeader(value: Record<string, unknown>): JournalRecord | undefined {
  const { job, server, realm, realmId, file } = value
  const texts = { job, server, realm, realmId, file }
  return Object.values(texts).every((text) => typeof text === 'string')
    ? { kind: 'header', ...(texts as unknown as JournalHeader) }
    : undefined
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
