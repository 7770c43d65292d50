import { type End, inBatches } from '../../jobs/index.ts'
import { startPhase } from '../../progress/index.ts'
import { toWanted, type WantedUser } from '../planned-user.ts'
import { type Ends, type Import, noEnds } from '../run.ts'
import { importBatch } from './import-batch.ts'

type Settled = readonly [WantedUser, End]

/** The second pass: everything that was not done in an earlier run. */
export async function importRows(run: Import): Promise<Ends> {
  const { counts, journal, options, pace, toConfirm } = run
  const total = { ...noEnds, ...counts }
  const phase = startPhase('importing', counts.rows - counts.rejected, options.onProgress)

  async function settle(ended: readonly Settled[], earlier: boolean): Promise<void> {
    let rejected = 0
    for (const [user, { line, outcome, reason }] of ended) {
      if (outcome === 'changed') continue
      if (outcome === 'created' || outcome === 'present')
        toConfirm.add(line, journal.idOf(line) ?? user.id, user.representation)
      const isRejected = outcome === 'rejected' || (outcome === 'existing' && reason !== undefined)
      total[isRejected ? 'rejected' : outcome] += 1
      if (!isRejected) continue
      rejected += 1
      await run.rejectedRows.write({
        line,
        reason: reason ?? 'it failed in an earlier run',
        raw: user.row.user,
      })
    }
    phase.add(ended.length, rejected, earlier)
  }

  await inBatches(
    pending(run, (user, end) => settle([[user, end]], true)),
    pace,
    async (batch) => {
      const ends = await importBatch(run, batch)
      const userOf = new Map(batch.map((user) => [user.line, user]))
      const settled = ends.map((end): Settled => [userOf.get(end.line) as WantedUser, end])
      await settle(settled, false)
    },
    options.signal,
  )
  phase.end()
  return total
}

/** The users that are still to be made; tells of the others. */
async function* pending(
  { file, facts, journal, rejectedLines }: Import,
  done: (user: WantedUser, end: End) => Promise<void>,
): AsyncGenerator<WantedUser, void, undefined> {
  for await (const row of file.rows()) {
    const { line } = row
    if (!('user' in row) || rejectedLines.get(line) !== undefined) continue
    const outcome = journal.outcome(line)
    const reason = journal.reason(line)
    const user = toWanted(row, file, facts)
    if (outcome === undefined) yield user
    else await done(user, { line, outcome, ...(reason === undefined ? {} : { reason }) })
  }
}
