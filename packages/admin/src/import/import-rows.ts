import type { UserRow } from '../files/rows.ts'
import type { End } from '../jobs/journal-records.ts'
import { inBatches } from '../jobs/pace.ts'
import { startPhase } from '../jobs/progress.ts'
import { importBatch } from './import-batch.ts'
import { type Ends, type Import, noEnds } from './run.ts'
import { toWanted, type WantedUser } from './wanted.ts'

/** The second pass: everything that was not done in an earlier run. */
export async function importRows(run: Import): Promise<Ends> {
  const { counts, options, pace } = run
  const total = { ...noEnds, ...counts }
  const phase = startPhase('importing', counts.rows - counts.failed, options.onProgress)

  async function settle(ended: readonly (readonly [UserRow, End])[], earlier: boolean): Promise<void> {
    let failed = 0
    for (const [row, { line, outcome, reason }] of ended) {
      if (outcome === 'changed') continue
      const isRejected = outcome === 'failed' || (outcome === 'existing' && reason !== undefined)
      total[isRejected ? 'failed' : outcome] += 1
      if (!isRejected) continue
      failed += 1
      await run.deadLetter.write({ line, reason: reason ?? 'it failed in an earlier run', raw: row.user })
    }
    phase.add(ended.length, failed, earlier)
  }

  await inBatches(
    pending(run, (row, end) => settle([[row, end]], true)),
    pace,
    async (batch) => {
      const ends = await importBatch(run, batch)
      const rowOf = new Map(batch.map((user) => [user.line, user.row]))
      await settle(
        ends.map((end) => [rowOf.get(end.line) as UserRow, end] as const),
        false,
      )
    },
    options.signal,
  )
  phase.end()
  return total
}

/** The users that are still to be made; tells of the others. */
async function* pending(
  { file, facts, journal, bad }: Import,
  done: (row: UserRow, end: End) => Promise<void>,
): AsyncGenerator<WantedUser, void, undefined> {
  for await (const row of file.rows()) {
    const { line } = row
    if (!('user' in row) || bad.get(line) !== undefined) continue
    const outcome = journal.outcome(line)
    const reason = journal.reason(line)
    if (outcome === undefined) yield toWanted(row, file, facts)
    else await done(row, { line, outcome, ...(reason === undefined ? {} : { reason }) })
  }
}
