import { CloakwrightError } from 'cloakwright'
import { type Admin, refusalReason, type UserRepresentation } from '../client/index.ts'
import { allInverses, type Inverse, runSteps, type Step } from '../edit/index.ts'
import type { ImportedUser, RejectedRow, Row, UserFile, UserRow } from '../files/index.ts'
import { type FileJobName, type FileJobOptions, type JobRun, runFileJob } from './file-job.ts'
import { HashIndex } from './hash-index.ts'
import { changedBy } from './inverse.ts'
import type { End } from './journal/index.ts'
import type { Pace } from './pace.ts'
import type { RealmFacts } from './realm-facts.ts'
import { checkRows, type JobItem, workOnRows } from './row-passes.ts'
import { userOfRow } from './row-user.ts'

/** Options of a job that changes the users of a file. */
export type ChangeOptions = FileJobOptions

/** The result of a job, including earlier runs that it resumed. */
export interface ChangeReport {
  readonly rows: number
  /** Users that this job changed, or would change. */
  readonly changed: number
  /** Users that already had the wanted state. */
  readonly present: number
  /** Rows that are invalid, name an unknown user, or were refused by Keycloak. They are in the file of rejected rows. */
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

/** A job on the users of a file, each of whom exists: the journal is ahead of every change. */
export async function changeUsers(
  admin: Admin,
  name: FileJobName,
  file: UserFile,
  options: ChangeOptions,
  prepare: (facts: RealmFacts) => Promise<UserTask>,
): Promise<ChangeReport> {
  return await runFileJob(admin, name, file, options, async (facts) => {
    const task = await prepare(facts)
    return {
      job: task.job,
      toRejectedRow,
      async run(run) {
        const counted = await checkRows(run, createRowCheck(task))
        const { changed, present, rejected } = await workOnRows(run, counted, {
          phase: 'changing',
          toItem: (row): JobItem => ({ line: row.line, row }),
          workOn: (batch) => changeBatch(run, task, batch),
        })
        return { rows: counted.rows, changed, present, rejected }
      },
    }
  })
}

/** Of two rows that name one user, the later is rejected. */
function createRowCheck(task: UserTask): (row: Row) => Promise<string | undefined> {
  const lineOf = new HashIndex()
  return async (row) => {
    if (!('user' in row)) return row.reason
    const { line, user, namedBy = 'username' } = row
    const earlier = lineOf.add(`${namedBy} ${user.username.toLowerCase()}`, line)
    if (earlier === undefined) return await task.check(row)
    return `line ${earlier} has the same ${namedBy === 'email' ? 'e-mail address' : 'user name'}`
  }
}

/** As it was read, without what would matter only to a user who is created. */
function toRejectedRow(row: Row, reason: string): RejectedRow {
  const { line } = row
  const raw: unknown = 'user' in row ? row.user : row.raw
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return { line, reason, raw }
  const { enabled: _enabled, credentials: _credentials, ...kept } = raw as Partial<ImportedUser>
  if (!('user' in row) || row.namedBy !== 'email') return { line, reason, raw: kept }
  const { username: _address, ...named } = kept
  return { line, reason, raw: named }
}

/** A change that is still to be made to a row's user. */
interface PlannedChange {
  readonly line: number
  readonly id: string
  readonly name: string
  readonly steps: readonly Step[]
  /** The inverse of these steps and of those that a killed run had started. */
  readonly inverse: Inverse
}

async function changeBatch(run: JobRun, task: UserTask, batch: readonly JobItem[]): Promise<readonly End[]> {
  const { admin, journal, pace } = run
  const ends: End[] = []
  const planned: PlannedChange[] = []
  for (const { row } of batch) {
    const found = await planChange(run, task, row)
    if ('outcome' in found) ends.push(found)
    else planned.push(found)
  }
  if (journal === undefined)
    return [...ends, ...planned.map(({ line }): End => ({ line, outcome: 'changed' }))]
  if (planned.length === 0) {
    await journal.ended(undefined, ends)
    return ends
  }
  const number = await journal.started(planned.map(({ steps: _steps, ...row }) => row))
  await runSteps(
    admin,
    planned.map((each) => stepOf(each, pace, ends)),
  )
  await journal.ended(number, ends)
  return ends
}

/** What a row's user still needs, or how the row ends without it. */
async function planChange(
  { admin, journal, pace }: JobRun,
  task: UserTask,
  row: UserRow,
): Promise<PlannedChange | End> {
  const { line } = row
  const found = await pace.send(() => userOfRow(admin, row))
  if (typeof found === 'string') return { line, outcome: 'rejected', reason: found }
  const open = journal?.open.get(line)
  // Of a user who was deleted since, the next one of that name has nothing.
  const begun = open?.id === found.id ? open?.inverse : undefined
  const steps = await pace.send(() => task.plan(row, found, begun !== undefined))
  if (steps.length === 0 && begun === undefined) return { line, outcome: 'present' }
  const { id = '', username: name = '' } = found
  const inverse = allInverses([begun, ...steps.map((step) => step.inverse)])
  return { line, id, name, steps, inverse }
}

const refusals = ['CW_ADMIN_NOT_FOUND', 'CW_ADMIN_CONFLICT', 'CW_ADMIN_REFUSED']

/**
 * All that is done to one user; how it ends is added to `ends`. A user of whom a part is changed counts as changed in the
 * journal, so that an undo covers that part.
 */
function stepOf({ line, id, name, steps, inverse }: PlannedChange, pace: Pace, ends: End[]): Step {
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
        ends.push({ line, outcome: done === 0 ? 'rejected' : 'changed', reason: refusalReason(error) })
      }
    },
    made: () => (ends.at(-1)?.outcome === 'changed' ? [change] : []),
  }
}
