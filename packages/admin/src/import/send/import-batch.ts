import { runSteps, type Step, type StepChange } from '../../edit/index.ts'
import { without } from '../../fields/index.ts'
import { type End, isOwn } from '../../jobs/index.ts'
import { usersById } from '../../lookup/index.ts'
import { type PlannedUser, toJournalRow, toMarked } from '../planned-user.ts'
import { sendUsers } from './partial-import.ts'
import type { ImportRun, Sending } from './sending.ts'
import { completeSingly, findByName, foreignId, proved } from './single-user.ts'

/**
 * Makes the users of one batch, the journal always ahead. Of those that an earlier run had begun with, this job has made
 * those that are there with the time that the journal has.
 */
export async function importBatch(run: ImportRun, wanted: readonly PlannedUser[]): Promise<End[]> {
  const { admin, facts, journal, pace, uncheckedLines } = run
  const batch = wanted.map((user) => toMarked(user, journal.open.get(user.line)))
  const singles: number[] = []
  const sending: Sending = {
    admin,
    facts,
    pace,
    isBegun: ({ line }) => journal.open.has(line),
    nameClash: run.nameClash,
    isUnchecked: ({ line }) => uncheckedLines.has(line),
    async beforeSingle(user) {
      singles.push(await journal.started([{ ...toJournalRow(user), id: '' }]))
    },
  }
  // Of others the answer to a first attempt tells whether they were there.
  const unsure = batch.filter(({ line, row }) => journal.open.has(line) || row.user.id !== undefined)
  const there = await pace.send(() =>
    usersById(
      admin.client,
      admin.realm,
      unsure.map(({ id }) => id),
    ),
  )
  const ends: End[] = []
  const mine: PlannedUser[] = []
  for (const user of batch) {
    const { line, id, name, row } = user
    const found = there.get(id)
    const begun = journal.open.get(line)
    const single = found === undefined && begun?.id === '' ? await findByName(sending, name) : undefined
    // No one knows whether the earlier run got as far as to send it: someone else may have made a user of that name.
    if (single !== undefined && begun !== undefined && isOwn(begun, single))
      ends.push(await completeSingly(sending, user, single.id ?? ''))
    else if (found === undefined) mine.push(user)
    else if (row.user.id !== undefined && found.username !== name)
      ends.push({ line, outcome: 'rejected', reason: foreignId })
    else if (begun === undefined || !isOwn(begun, found)) ends.push({ line, outcome: 'present' })
    else if (uncheckedLines.has(line)) {
      const isEnabled = found.enabled === true
      ends.push(await proved(sending, user, { line, outcome: 'created' }, isEnabled))
    } else ends.push({ line, outcome: 'created' })
  }
  const begins = [
    ...mine,
    ...batch.filter(({ line }) => journal.open.has(line) && !mine.some((user) => user.line === line)),
  ]
  const number = begins.length === 0 ? undefined : await journal.started(begins.map(toJournalRow))
  const creations = new Map(batch.map((user) => [user.line, creationOf(user)]))
  const send: Step = {
    changes: [...creations.values()],
    run: async () => void ends.push(...(await sendUsers(sending, mine))),
    // Also those that an earlier run had created when it was killed.
    made: () => ends.flatMap((end) => createdBy(end, creations.get(end.line))),
  }
  await runSteps(admin, [send])
  await journal.ended(number, ends)
  for (const single of singles) await journal.ended(single, [])
  return ends
}

function creationOf({ id, name, representation }: PlannedUser): StepChange {
  const after = without(representation, 'credentials', 'id') as Readonly<Record<string, unknown>>
  return { action: 'create', kind: 'user', id, name, fields: [], after }
}

function createdBy({ outcome, id }: End, creation: StepChange | undefined): StepChange[] {
  if (outcome !== 'created' || creation === undefined) return []
  return [id === undefined ? creation : { ...creation, id }]
}
