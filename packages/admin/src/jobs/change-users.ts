import { CloakwrightError } from 'cloakwright'
import type { Admin, UserRepresentation } from '../client/index.ts'
import { allInverses, type Inverse, runSteps, type Step } from '../edit/index.ts'
import type { RejectedRows, UserFile, UserRow } from '../files/index.ts'
import { type ProgressListener, startPhase } from '../progress/index.ts'
import { HashIndex } from './hash-index.ts'
import { changedBy } from './inverse.ts'
import { type End, type Journal, LineMap, openJournal } from './journal/index.ts'
import { createPace, inBatches, type Pace } from './pace.ts'
import { type RealmFacts, readRealmFacts } from './realm-facts.ts'
import { type FileJob, openRejected, requireOwnRows, toRejectedChange } from './rejected-rows.ts'
import { userOfRow } from './row-user.ts'

/** Options of a job that changes the users of a file. */
export interface ChangeOptions {
  /** What the job did, on disk; the same call with the same journal continues, {@link undoJob} takes it back. */
  readonly journal: string
  /** Where the rows go that name nobody, or that Keycloak refused. A file that is there is an error, unless the job continues. */
  readonly rejected: string
  /** Reads and counts, writes nothing but the file of rejected rows. Default: whether the administrator is for a dry run. */
  readonly dryRun?: boolean
  /** Begins no further batch and ends with the signal's reason; the same call continues. */
  readonly signal?: AbortSignal
  readonly onProgress?: ProgressListener
}

/** What a job did, in this run and those that it continued. */
export interface ChangeReport {
  readonly rows: number
  /** Users that this job changed, or would change. */
  readonly changed: number
  /** Users who were so before. */
  readonly present: number
  /** Rows that are wrong, name nobody, or that Keycloak refused. They are in the file of rejected rows. */
  readonly rejected: number
  /** Of this run. */
  readonly seconds: number
}

/** What a job does to each user. */
export interface UserTask {
  /** With everything that makes it another job. */
  readonly job: string
  /** What is wrong with a row, without its values; undefined: nothing. */
  check(row: UserRow): Promise<string | undefined>
  /** What is to be done to a user, where it is not so yet; `begun` when an earlier run was killed at it. */
  plan(row: UserRow, found: UserRepresentation, begun: boolean): Promise<readonly Step[]>
}

/** Works through a file of users, each of whom exists: the journal is ahead of every change. */
export async function changeUsers(
  admin: Admin,
  job: FileJob,
  file: UserFile,
  options: ChangeOptions,
  prepare: (facts: RealmFacts) => Promise<UserTask>,
): Promise<ChangeReport> {
  const began = performance.now()
  requireOwnRows(file, job)
  const facts = await readRealmFacts(admin)
  const task = await prepare(facts)
  const { server, realm } = admin
  const header = { job: task.job, server, realm, realmId: facts.realmId, file: file.digest }
  const journal =
    options.dryRun === true || admin.dryRun ? undefined : await openJournal(options.journal, header)
  try {
    const rejectedRows = await openRejected(job, options, journal)
    try {
      const pace = createPace({ signal: options.signal })
      const run: Run = {
        admin,
        file,
        options,
        task,
        journal,
        rejectedRows,
        pace,
        rejectedLines: new LineMap(),
      }
      const { rows, rejected } = await checkRows(run)
      const counts = await changeRows(run, rows - rejected)
      const seconds = (performance.now() - began) / 1000
      return { rows, ...counts, rejected: rejected + counts.rejected, seconds }
    } finally {
      await rejectedRows.close()
    }
  } finally {
    await journal?.close()
  }
}

interface Run {
  readonly admin: Admin
  readonly file: UserFile
  readonly options: ChangeOptions
  readonly task: UserTask
  readonly journal: Journal | undefined
  readonly rejectedRows: RejectedRows
  readonly pace: Pace
  /** Rows that the first pass found to be wrong. */
  readonly rejectedLines: LineMap
}

/** The first pass, before anything is written to the realm. */
async function checkRows(run: Run): Promise<{ rows: number; rejected: number }> {
  const { file, task, journal, rejectedRows, options } = run
  const lineOf = new HashIndex()
  const phase = startPhase('checking', undefined, options.onProgress)
  let rows = 0
  let rejected = 0
  for await (const row of file.rows()) {
    options.signal?.throwIfAborted()
    rows += 1
    let reason: string | undefined
    if ('user' in row) {
      const earlier = lineOf.add(`${row.namedBy ?? 'username'} ${row.user.username.toLowerCase()}`, row.line)
      const name = row.namedBy === 'email' ? 'e-mail address' : 'user name'
      reason = earlier === undefined ? await task.check(row) : `line ${earlier} has the same ${name}`
    } else reason = row.reason
    // A row that was done stays so, whatever the realm has lost since.
    const isDone = journal?.outcome(row.line) !== undefined
    phase.add(1, reason === undefined || isDone ? 0 : 1)
    if (reason === undefined || isDone) continue
    rejected += 1
    run.rejectedLines.set(row.line, 'rejected')
    await rejectedRows.write(toRejectedChange(row, reason))
  }
  phase.end()
  return { rows, rejected }
}

/** The second pass: everything that was not done in an earlier run. */
async function changeRows(
  run: Run,
  total: number,
): Promise<{ changed: number; present: number; rejected: number }> {
  const counts = { changed: 0, present: 0, rejected: 0 }
  const phase = startPhase('changing', total, run.options.onProgress)
  async function settle(row: UserRow, { outcome, reason }: End, earlier: boolean): Promise<void> {
    const isRejected = reason !== undefined || outcome === 'rejected'
    if (isRejected) counts.rejected += 1
    else if (outcome === 'changed' || outcome === 'present') counts[outcome] += 1
    if (isRejected)
      await run.rejectedRows.write(toRejectedChange(row, reason ?? 'it failed in an earlier run'))
    phase.add(1, isRejected ? 1 : 0, earlier)
  }
  async function* pending(): AsyncGenerator<UserRow, void, undefined> {
    for await (const row of run.file.rows()) {
      if (!('user' in row) || run.rejectedLines.get(row.line) !== undefined) continue
      const outcome = run.journal?.outcome(row.line)
      const reason = run.journal?.reason(row.line)
      if (outcome === undefined) yield row
      else await settle(row, { line: row.line, outcome, ...(reason !== undefined && { reason }) }, true)
    }
  }
  const work = async (batch: readonly UserRow[]): Promise<void> => {
    const rowOf = new Map(batch.map((row) => [row.line, row]))
    for (const end of await changeBatch(run, batch)) await settle(rowOf.get(end.line) as UserRow, end, false)
  }
  await inBatches(pending(), run.pace, work, run.options.signal)
  phase.end()
  return counts
}

interface Planned {
  readonly row: UserRow
  readonly id: string
  readonly name: string
  readonly steps: readonly Step[]
  /** What takes them back, and what a killed run had begun. */
  readonly inverse: Inverse
}

async function changeBatch(run: Run, batch: readonly UserRow[]): Promise<End[]> {
  const { admin, task, journal, pace } = run
  const ends: End[] = []
  const planned: Planned[] = []
  for (const row of batch) {
    const { line } = row
    const found = await pace.send(() => userOfRow(admin, row))
    if (typeof found === 'string') {
      ends.push({ line, outcome: 'rejected', reason: found })
      continue
    }
    const open = journal?.open.get(line)
    // Of a user who was deleted since, the next one of that name has nothing.
    const begun = open?.id === found.id ? open?.inverse : undefined
    const steps = await pace.send(() => task.plan(row, found, begun !== undefined))
    const { id = '', username = '' } = found
    if (steps.length === 0 && begun === undefined) ends.push({ line, outcome: 'present' })
    else
      planned.push({
        row,
        id,
        name: username,
        steps,
        inverse: allInverses([begun, ...steps.map((step) => step.inverse)]),
      })
  }
  if (journal === undefined) {
    return [...ends, ...planned.map(({ row }): End => ({ line: row.line, outcome: 'changed' }))]
  }
  if (planned.length === 0) {
    await journal.ended(undefined, ends)
    return ends
  }
  const number = await journal.started(
    planned.map(({ row, id, name, inverse }) => ({ line: row.line, id, name, inverse })),
  )
  await runSteps(
    admin,
    planned.map((each) => stepOf(each, pace, ends)),
  )
  await journal.ended(number, ends)
  return ends
}

const refusals = ['CW_ADMIN_NOT_FOUND', 'CW_ADMIN_CONFLICT', 'CW_ADMIN_REFUSED']

/**
 * All that is done to one user; how it ends is added to `ends`. A user of whom a part is changed counts as changed in the
 * journal, so that an undo takes that part back.
 */
function stepOf({ row: { line }, id, name, steps, inverse }: Planned, pace: Pace, ends: End[]): Step {
  const change = { action: 'update', kind: 'user', id, name, ...changedBy(inverse) } as const
  let done = 0
  return {
    changes: [change],
    async run(admin) {
      try {
        for (const step of steps) {
          await pace.send(() => step.run(admin))
          done += 1
        }
        ends.push({ line, outcome: 'changed' })
      } catch (error) {
        if (!(error instanceof CloakwrightError) || !refusals.includes(error.code)) throw error
        ends.push({ line, outcome: done === 0 ? 'rejected' : 'changed', reason: error.message })
      }
    },
    made: () => (ends.at(-1)?.outcome === 'changed' ? [change] : []),
  }
}
