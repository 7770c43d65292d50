import { type Outcome, type RowCounts, workOnRows } from '../../jobs/index.ts'
import { planUser } from '../planned-user.ts'
import { importBatch } from './import-batch.ts'
import type { ImportRun } from './sending.ts'

/** The second pass: makes the users of all rows that were not done in an earlier run. */
export function importRows(run: ImportRun, counted: RowCounts): Promise<Record<Outcome, number>> {
  const { file, facts, journal, toConfirm } = run
  return workOnRows(run, counted, {
    phase: 'importing',
    toItem: (row) => planUser(row, file, facts),
    workOn: (batch) => importBatch(run, batch),
    onDone({ line, id, representation }, { outcome }) {
      if (outcome === 'created' || outcome === 'present')
        toConfirm.add(line, journal.idOf(line) ?? id, representation)
    },
  })
}
