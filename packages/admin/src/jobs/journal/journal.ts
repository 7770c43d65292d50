import { constants, ftruncateSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { CloakwrightError } from 'cloakwright'
import { holdJournal } from './journal-lock.ts'
import {
  type End,
  type JournalHeader,
  type JournalRow,
  type Outcome,
  writeRecord,
} from './journal-records.ts'
import { createWriter, type JournalWriter } from './journal-writer.ts'
import { invalidJournal, type JournalState, keepEnds, readState } from './read-journal.ts'

/** What a job did, on disk before the job continues: it survives a kill, and its changes can be undone. */
export interface Journal {
  readonly header: JournalHeader
  /** Whether an earlier run began it. */
  readonly resumed: boolean
  /** How the row that begins on this line ended, in this run or an earlier one; undefined: not yet. */
  outcome(line: number): Outcome | undefined
  /** Why a row, or a part of it, was rejected in an earlier run. */
  reason(line: number): string | undefined
  /** The id of an object that was made with another than the one that was meant. */
  idOf(line: number): string | undefined
  /** Rows whose work had begun when an earlier run was killed: it may have been done or not. */
  readonly open: ReadonlyMap<number, JournalRow>
  /** Write-ahead: resolves when it is on disk that the work on these rows begins. */
  started(rows: readonly JournalRow[]): Promise<number>
  /** Resolves when it is on disk how the rows ended; the number is that of {@link Journal.started}. */
  ended(batch: number | undefined, ends: readonly End[]): Promise<void>
  /** The journal's length when it was opened. */
  readonly bytes: number
  /** When it was last written before it was opened, in milliseconds of the epoch. */
  readonly written: number
  isUndone(line: number): boolean
  /** Resolves when it is on disk that the work on these rows was undone; from then on the job can't be continued. */
  undone(lines: readonly number[]): Promise<void>
  close(): Promise<void>
}

/**
 * Opens a job's journal, or begins it; this process alone has it until it is closed or dies.
 *
 * A half-written last line, as a kill leaves it, is cut off.
 *
 * @throws {CW_JOURNAL_LOCKED} when another process works on it
 * @throws {CW_JOURNAL_INVALID} when it is not a journal, or damaged
 * @throws {CW_JOURNAL_MISMATCH} when it belongs to another job, file, realm or server, or the job was undone
 */
export async function openJournal(path: string, wanted: JournalHeader): Promise<Journal> {
  const { descriptor, release } = await holdJournal(path, constants.O_RDWR | constants.O_CREAT)
  try {
    const read = await readState(path)
    if (read.undone !== undefined) {
      throw new CloakwrightError('CW_JOURNAL_MISMATCH', `The job of the journal ${path} was undone`, {
        hint: 'To run the job again, use another journal file (on the command line: --journal OTHER).',
      })
    }
    if (read.header !== undefined) requireSame(path, read.header, wanted)
    else await requireBegun(path, wanted)
    ftruncateSync(descriptor, read.bytes)
    const writer = createWriter(descriptor, read.bytes)
    if (read.header === undefined) await writer.write({ kind: 'header', ...wanted })
    return toJournal(read.header ?? wanted, read, writer, release)
  } catch (error) {
    await release()
    throw error
  }
}

/**
 * Opens the journal of a job that is to be undone.
 *
 * @throws {CW_JOURNAL_LOCKED} when another process works on it
 * @throws {CW_JOURNAL_INVALID} when it is not a journal, or damaged
 */
export async function reopenJournal(path: string): Promise<Journal> {
  const { descriptor, release } = await holdJournal(path, constants.O_RDWR)
  try {
    const read = await readState(path)
    if (read.header === undefined) throw invalidJournal(path, 'has no valid first line')
    ftruncateSync(descriptor, read.bytes)
    return toJournal(read.header, read, createWriter(descriptor, read.bytes), release)
  } catch (error) {
    await release()
    throw error
  }
}

function toJournal(
  header: JournalHeader,
  state: JournalState,
  writer: JournalWriter,
  release: () => Promise<void>,
): Journal {
  let { batches } = state
  return {
    header,
    resumed: state.header !== undefined,
    bytes: state.bytes,
    written: state.written,
    open: state.open,
    isUndone: (line) => state.undone?.has(line) === true,
    outcome: (line) => state.outcomes.get(line),
    reason: (line) => state.reasons.get(line),
    idOf: (line) => state.ids.get(line),
    async started(rows) {
      batches += 1
      const batch = batches
      await writer.write({ kind: 'started', batch, rows })
      return batch
    },
    async ended(batch, ends) {
      await writer.write({ kind: 'ended', ...(batch === undefined ? {} : { batch }), ends })
      keepEnds(state, ends)
    },
    undone: (lines) => writer.write({ kind: 'undone', lines }),
    async close() {
      await writer.settled()
      await release()
    },
  }
}

function requireSame(path: string, found: JournalHeader, wanted: JournalHeader): void {
  const what = {
    job: 'job',
    server: 'server',
    realm: 'realm',
    realmId: 'realm (it was re-created)',
    file: 'file',
  }
  for (const [member, name] of Object.entries(what) as [keyof typeof what, string][]) {
    if (found[member] === wanted[member]) continue
    throw new CloakwrightError('CW_JOURNAL_MISMATCH', `The journal ${path} belongs to another ${name}`, {
      hint: 'To resume that job, use the same unchanged file, realm and server. For a new job, use another journal file (on the command line: --journal OTHER). Users that are already done are left unchanged.',
    })
  }
}

/** Protects other files from being cut: without a first line, a file counts as a journal only if it is the beginning of one. */
async function requireBegun(path: string, wanted: JournalHeader): Promise<void> {
  const first = Buffer.from(writeRecord({ kind: 'header', ...wanted }))
  const { size } = await stat(path)
  if (size > first.length || !(await readFile(path)).equals(first.subarray(0, size)))
    throw invalidJournal(path, 'has no valid first line')
}
