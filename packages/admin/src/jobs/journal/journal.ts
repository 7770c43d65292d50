import { closeSync, constants, createReadStream, ftruncateSync, openSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { CloakwrightError } from 'cloakwright'
import { type RefusedLock, takeLock } from 'cloakwright/lock'
import {
  type End,
  type JournalHeader,
  type JournalRecord,
  type JournalRow,
  type Outcome,
  openRows,
  readRecord,
  writeRecord,
} from './journal-records.ts'
import { createWriter, type JournalWriter } from './journal-writer.ts'
import { OutcomeMap } from './outcome-map.ts'

/** What a job did, on disk before the job goes on: it outlives a kill, and what it tells can be undone. */
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
  /** Resolves when it is on disk that the work on these rows was taken back; from then on the job can't be continued. */
  undone(lines: readonly number[]): Promise<void>
  close(): Promise<void>
}

/**
 * Opens a job's journal, or begins it; this process alone has it until it is closed or dies.
 *
 * A half-written last line, as a kill leaves it, is cut off.
 *
 * @throws {CW_JOURNAL_LOCKED} when another process works on it
 * @throws {CW_JOURNAL_INVALID} when it is no journal, or damaged
 * @throws {CW_JOURNAL_MISMATCH} when it belongs to another job, file, realm or server, or the job was undone
 */
export async function openJournal(path: string, wanted: JournalHeader): Promise<Journal> {
  const { descriptor, release } = await hold(path, constants.O_RDWR | constants.O_CREAT)
  try {
    const read = await readState(path)
    if (read.undone !== undefined) {
      throw new CloakwrightError('CW_JOURNAL_MISMATCH', `The job of the journal ${path} was undone`, {
        hint: 'To do it again, name a new journal (--journal on the command line).',
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
 * @throws {CW_JOURNAL_INVALID} when it is no journal, or damaged
 */
export async function reopenJournal(path: string): Promise<Journal> {
  const { descriptor, release } = await hold(path, constants.O_RDWR)
  try {
    const read = await readState(path)
    if (read.header === undefined) throw invalid(path, 'has no first line')
    ftruncateSync(descriptor, read.bytes)
    return toJournal(read.header, read, createWriter(descriptor, read.bytes), release)
  } catch (error) {
    await release()
    throw error
  }
}

/** The records of a journal, in their order; a half-written last line is passed over. */
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
      if (record === undefined) throw invalid(path, `is damaged on line ${number}`)
      if ((record.kind === 'header') !== (number === 1)) throw invalid(path, `is damaged on line ${number}`)
      yield { record, end }
      rest = rest.subarray(at + 1)
    }
    if (rest.length > longestLine) throw invalid(path, `is damaged on line ${number + 1}`)
  }
}

const longestLine = 64 * 2 ** 20

interface State {
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

async function readState(path: string): Promise<State> {
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
      keep(state, record.ends)
    }
  }
  const open = openRows(openBatches.values())
  for (const line of open.keys()) if (state.outcomes.get(line) !== undefined) open.delete(line)
  return { ...state, written, header, bytes, open, batches, undone }
}

function keep(
  { outcomes, reasons, ids }: Pick<State, 'outcomes' | 'reasons' | 'ids'>,
  ends: readonly End[],
): void {
  for (const { line, outcome, reason, id } of ends) {
    outcomes.set(line, outcome)
    if (reason !== undefined) reasons.set(line, reason)
    if (id !== undefined) ids.set(line, id)
  }
}

function toJournal(
  header: JournalHeader,
  state: State,
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
      keep(state, ends)
    },
    undone: (lines) => writer.write({ kind: 'undone', lines }),
    async close() {
      await writer.settled()
      await release()
    },
  }
}

interface Held {
  readonly descriptor: number
  readonly release: () => Promise<void>
}

async function hold(path: string, flags: number): Promise<Held> {
  let descriptor: number
  try {
    descriptor = openSync(path, flags, 0o600)
  } catch (cause) {
    throw new CloakwrightError('CW_JOURNAL_INVALID', `The journal ${path} can't be opened`, {
      hint: 'Give a file in a folder that you may write to.',
      cause,
    })
  }
  try {
    const lock = await takeLock(path, descriptor)
    if (!lock.held) throw locked(path, lock)
    return {
      descriptor,
      async release() {
        closeSync(descriptor)
        await lock.release()
      },
    }
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

function locked(path: string, { holder, next, own }: RefusedLock): CloakwrightError {
  const who = own ? 'This process' : capitalized(holder)
  return new CloakwrightError('CW_JOURNAL_LOCKED', `${who} works on the journal ${path}`, {
    hint: `Wait until it has ended${own ? '.' : `. Or: ${next}. Then run the same command again to resume.`}`,
  })
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
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
      hint: 'To resume that job, name the same file as it was, realm and server. For a new job, name a new journal (--journal on the command line); users who are done already stay as they are.',
    })
  }
}

/** Nobody's file is to be cut: without a first line, this is a journal only as far as that line would begin so. */
async function requireBegun(path: string, wanted: JournalHeader): Promise<void> {
  const first = Buffer.from(writeRecord({ kind: 'header', ...wanted }))
  const { size } = await stat(path)
  if (size > first.length || !(await readFile(path)).equals(first.subarray(0, size)))
    throw invalid(path, 'has no first line')
}

function invalid(path: string, what: string): CloakwrightError {
  return new CloakwrightError('CW_JOURNAL_INVALID', `The journal ${path} ${what}`, {
    hint: 'It is no journal of a job, or was changed. Restore it, or take a new one: what the job has made stays as it is.',
  })
}
