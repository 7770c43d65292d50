import { setTimeout as pause } from 'node:timers/promises'
import { CloakwrightError, systemTime } from 'cloakwright'
import type { Admin } from '../client/index.ts'
import { runSteps, type Step } from '../edit/index.ts'
import { requireKnown } from '../fields/index.ts'
import { findUser, usersById } from '../lookup/index.ts'
import { type ProgressListener, startPhase } from '../progress/index.ts'
import { takingBack } from './inverse.ts'
import { isOwn, type Journal, type JournalRow, openRows, records, reopenJournal } from './journal/index.ts'
import { createPace, inBatches, type Pace } from './pace.ts'
import { type RealmFacts, readRealmFacts } from './realm-facts.ts'

/** Options of {@link undoJob}. */
export interface UndoOptions {
  /** Starts no further batch and rejects with the reason of the signal; the same call resumes. */
  readonly signal?: AbortSignal
  readonly onProgress?: ProgressListener
}

/** The result of an undo, for this run. */
export interface UndoReport {
  /** Rows of the job that were undone. */
  readonly undone: number
  /** Users that no longer exist, were created again by someone else, or were renamed since: they are left unchanged. */
  readonly kept: number
  readonly seconds: number
}

/**
 * Undoes a job by its journal: deletes exactly the users that an import created, or reverts the changes of another
 * job. Existing users, and users that were renamed since, are left unchanged. Changes that a killed job had started are
 * found and undone too.
 *
 * The same call resumes an undo that stopped. A job that was undone can't be resumed.
 *
 * Needs the roles `manage-users`, `view-realm` and `view-clients` of `realm-management`.
 *
 * @throws {CW_JOURNAL_LOCKED} when another process is using the journal; the message names its host and pid
 * @throws {CW_JOURNAL_MISMATCH} when the journal is that of another realm or server
 * @throws {CW_JOURNAL_INVALID} when the journal is damaged
 * @example
 * ```ts
 * import type { Admin } from '@cloakwright/admin'
 * import { undoJob } from '@cloakwright/admin/jobs'
 *
 * export async function takeBack(admin: Admin): Promise<void> {
 *   const { undone } = await undoJob(admin, 'users.journal')
 *   console.log(`${undone} users deleted`)
 * }
 * ```
 */
export async function undoJob(
  admin: Admin,
  journalPath: string,
  options: UndoOptions = {},
): Promise<UndoReport> {
  requireKnown('undoJob', options, { signal: true, onProgress: true })
  const began = performance.now()
  const facts = await readRealmFacts(admin)
  const journal = await reopenJournal(journalPath)
  try {
    requireHere(journal, admin, facts.realmId, journalPath)
    const pace = createPace({ signal: options.signal })
    const phase = startPhase('undoing', undefined, options.onProgress)
    let undone = 0
    let kept = 0
    const work = async (batch: readonly JournalRow[]): Promise<void> => {
      const done = await undoBatch(admin, facts, journal, pace, batch)
      undone += done
      kept += batch.length - done
      phase.add(batch.length)
    }
    if (!admin.dryRun) await journal.undone([])
    await inBatches(made(journal, journalPath), pace, work, options.signal)
    phase.end()
    return { undone, kept, seconds: (performance.now() - began) / 1000 }
  } finally {
    await journal.close()
  }
}

/** Milliseconds after a kill in which Keycloak may still be at work on what was sent last. */
const settled = 5_000

/** The rows that the job changed, or had begun to change when it was killed; without those that are undone. */
async function* made(journal: Journal, path: string): AsyncGenerator<JournalRow, void, undefined> {
  const begun = new Map<number, readonly JournalRow[]>()
  for await (const { record } of records(path, journal.bytes)) {
    if (record.kind === 'started') begun.set(record.batch, record.rows)
    if (record.kind !== 'ended') continue
    const rows = new Map((begun.get(record.batch ?? 0) ?? []).map((row) => [row.line, row]))
    begun.delete(record.batch ?? 0)
    for (const { line, outcome, id } of record.ends) {
      const row = rows.get(line)
      const isMade = outcome === 'created' || outcome === 'changed'
      if (row === undefined || !isMade || journal.isUndone(line)) continue
      const { created: _, ...rest } = row
      // An id that Keycloak chose is no one else's.
      yield id === undefined ? row : { ...rest, id }
    }
  }
  if (begun.size > 0) await pause(settled - (systemTime() - journal.written))
  for (const row of openRows(begun.values()).values()) {
    // Those that a later run continued have come already.
    if (journal.outcome(row.line) === undefined && !journal.isUndone(row.line)) yield row
  }
}

/** Gives how many rows were undone: two of one user are two, and one change in the trail. */
async function undoBatch(
  admin: Admin,
  facts: RealmFacts,
  journal: Journal,
  pace: Pace,
  batch: readonly JournalRow[],
): Promise<number> {
  const ids = batch.flatMap(({ id }) => (id === '' ? [] : [id]))
  const there = await pace.send(() => usersById(admin.client, admin.realm, ids, false))
  const steps: Step[] = []
  let gone = 0
  const onGone = () => void (gone += 1)
  for (const row of batch) {
    const found = row.id === '' ? await pace.send(() => findUser(admin, row.name)) : there.get(row.id)
    if (found?.username !== row.name || !isOwn(row, found)) continue
    steps.push(takingBack(facts, pace, { ...row, id: found.id ?? '' }, found, onGone))
  }
  await runSteps(admin, steps)
  if (!admin.dryRun) await journal.undone(batch.map(({ line }) => line))
  return steps.length - gone
}

function requireHere({ header }: Journal, { server, realm }: Admin, realmId: string, path: string): void {
  if (header.server === server && header.realm === realm && header.realmId === realmId) return
  throw new CloakwrightError(
    'CW_JOURNAL_MISMATCH',
    `The journal ${path} belongs to another realm or server`,
    {
      hint: `Use the realm ${header.realm} at ${header.server}. A realm that was deleted and created again counts as another realm.`,
    },
  )
}
