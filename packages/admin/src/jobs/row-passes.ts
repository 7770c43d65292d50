import type { Row, UserRow } from '../files/index.ts'
import { startPhase } from '../progress/index.ts'
import type { JobRun } from './file-job.ts'
import type { End, Outcome } from './journal/index.ts'
import { inBatches } from './pace.ts'

/** How many rows a file has, and how many of them the first pass rejected. */
export interface RowCounts {
  readonly rows: number
  readonly rejected: number
}

/**
 * The first pass, before anything is written to the realm. `check` says what is wrong with a row, without its values, and
 * sees each row once, in their order.
 */
export async function checkRows(
  run: JobRun,
  check: (row: Row) => Promise<string | undefined>,
): Promise<RowCounts> {
  const { file, journal, options, rejectedLines } = run
  const phase = startPhase('checking', undefined, options.onProgress)
  let rows = 0
  let rejected = 0
  for await (const row of file.rows()) {
    options.signal?.throwIfAborted()
    rows += 1
    const reason = await check(row)
    // A row that was done stays so, whatever the realm has lost since.
    const isRejected = reason !== undefined && journal?.outcome(row.line) === undefined
    phase.add(1, isRejected ? 1 : 0)
    if (!isRejected) continue
    rejected += 1
    rejectedLines.set(row.line, 'rejected')
    await run.reject(row, reason)
  }
  phase.end()
  return { rows, rejected }
}

/** What a job works on: a row, and what the job makes of it. */
export interface JobItem {
  readonly line: number
  readonly row: UserRow
}

/** What the second pass of a job does with the rows. */
export interface RowWork<Item extends JobItem> {
  /** `importing`, … */
  readonly phase: string
  readonly toItem: (row: UserRow) => Item
  /** Does the work on a batch, the journal always ahead, and says how each row ended. */
  workOn(batch: readonly Item[]): Promise<readonly End[]>
  /** Told of each row that is done and not rejected, in this run or an earlier one. */
  onDone?(item: Item, end: End): void
}

/** The second pass: everything that was not done in an earlier run. */
export async function workOnRows<Item extends JobItem>(
  run: JobRun,
  counted: RowCounts,
  work: RowWork<Item>,
): Promise<Record<Outcome, number>> {
  const { rows, rejected } = counted
  const counts = { created: 0, changed: 0, present: 0, existing: 0, rejected }
  const phase = startPhase(work.phase, rows - rejected, run.options.onProgress)

  async function settle(item: Item, end: End, earlier: boolean): Promise<void> {
    const { outcome, reason } = end
    // A user of whom a part was refused is changed, and the row rejected.
    const isRejected = outcome === 'rejected' || reason !== undefined
    counts[isRejected ? 'rejected' : outcome] += 1
    if (isRejected) await run.reject(item.row, reason ?? 'rejected in an earlier run')
    else work.onDone?.(item, end)
    phase.add(1, isRejected ? 1 : 0, earlier)
  }

  await inBatches(
    openItems(run, work, (item, end) => settle(item, end, true)),
    run.pace,
    async (batch) => {
      const itemOf = new Map(batch.map((item) => [item.line, item]))
      for (const end of await work.workOn(batch)) await settle(itemOf.get(end.line) as Item, end, false)
    },
    run.options.signal,
  )
  phase.end()
  return counts
}

/** What is still to be done; tells of the others. */
async function* openItems<Item extends JobItem>(
  { file, journal, rejectedLines }: JobRun,
  { toItem }: RowWork<Item>,
  done: (item: Item, end: End) => Promise<void>,
): AsyncGenerator<Item, void, undefined> {
  for await (const row of file.rows()) {
    const { line } = row
    if (!('user' in row) || rejectedLines.get(line) !== undefined) continue
    const outcome = journal?.outcome(line)
    const reason = journal?.reason(line)
    const item = toItem(row)
    if (outcome === undefined) yield item
    else await done(item, { line, outcome, ...(reason !== undefined && { reason }) })
  }
}
