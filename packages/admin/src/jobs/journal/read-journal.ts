import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { CloakwrightError } from 'cloakwright'
import {
  type End,
  type JournalHeader,
  type JournalRecord,
  type JournalRow,
  openRows,
  readRecord,
} from './journal-records.ts'
import { OutcomeMap } from './outcome-map.ts'

/** What a journal tells of its job. */
export interface JournalState {
  readonly written: number
  readonly header: JournalHeader | undefined
  /** Up to the last whole line. */
  readonly bytes: number
  readonly outcomes: OutcomeMap
  readonly reasons: Map<number, string>
  readonly ids: Map<number, string>
  readonly open: Map<number, JournalRow>
  readonly batches: number
  /** Undefined: the job is not being undone. */
  readonly undone: Set<number> | undefined
}

/** @throws {CW_JOURNAL_INVALID} when it is not a journal, or damaged */
export async function readState(path: string): Promise<JournalState> {
  const state = {
    outcomes: new OutcomeMap(),
    reasons: new Map<number, string>(),
    ids: new Map<number, string>(),
  }
  const { mtimeMs: written } = await stat(path)
  const openBatches = new Map<number, readonly JournalRow[]>()
  let header: JournalHeader | undefined
  let bytes = 0
  let batches = 0
  let undone: Set<number> | undefined
  for await (const { record, end } of records(path)) {
    bytes = end
    if (record.kind === 'header') header = record
    else if (record.kind === 'undone') {
      undone ??= new Set()
      for (const line of record.lines) undone.add(line)
    } else if (record.kind === 'started') {
      batches = Math.max(batches, record.batch)
      openBatches.set(record.batch, record.rows)
    } else {
      if (record.batch !== undefined) openBatches.delete(record.batch)
      keepEnds(state, record.ends)
    }
  }
  const open = openRows(openBatches.values())
  for (const line of open.keys()) if (state.outcomes.get(line) !== undefined) open.delete(line)
  return { ...state, written, header, bytes, open, batches, undone }
}

/** Keeps how rows ended. */
export function keepEnds(
  { outcomes, reasons, ids }: Pick<JournalState, 'outcomes' | 'reasons' | 'ids'>,
  ends: readonly End[],
): void {
  for (const { line, outcome, reason, id } of ends) {
    outcomes.set(line, outcome)
    if (reason !== undefined) reasons.set(line, reason)
    if (id !== undefined) ids.set(line, id)
  }
}

/** The records of a journal, in their order; a half-written last line is ignored. */
export async function* records(
  path: string,
  bytes: number = Number.MAX_SAFE_INTEGER,
): AsyncGenerator<{ record: JournalRecord; end: number }, void, undefined> {
  let end = 0
  let number = 0
  let rest: Buffer = Buffer.alloc(0)
  if (bytes === 0) return
  for await (const chunk of createReadStream(path, { end: bytes - 1 }) as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (;;) {
      const at = rest.indexOf(10)
      if (at === -1) break
      number += 1
      end += at + 1
      const record = readRecord(rest.toString('utf8', 0, at))
      if (record === undefined) throw invalidJournal(path, `is damaged on line ${number}`)
      if ((record.kind === 'header') !== (number === 1))
        throw invalidJournal(path, `is damaged on line ${number}`)
      yield { record, end }
      rest = rest.subarray(at + 1)
    }
    if (rest.length > longestLine) throw invalidJournal(path, `is damaged on line ${number + 1}`)
  }
}

const longestLine = 64 * 2 ** 20

export function invalidJournal(path: string, what: string): CloakwrightError {
  return new CloakwrightError('CW_JOURNAL_INVALID', `The journal ${path} ${what}`, {
    hint: 'Restore it, or use another journal file (on the command line: --journal OTHER). Users that are already done are left unchanged.',
  })
}
