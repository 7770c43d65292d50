import type { Admin } from '../client/index.ts'
import { jobOptions, requireKnown } from '../fields/index.ts'
import type { RejectedRow, Row, UserFile } from '../files/index.ts'
import {
  checkRows,
  type FileJobOptions,
  type JobRun,
  type Journal,
  type Outcome,
  OutcomeMap,
  type RowCounts,
  runFileJob,
} from '../jobs/index.ts'
import {
  createImportCheck,
  type ImportWarning,
  requireDefaultGroups,
  requireImportRights,
  requireUserNames,
} from './check/index.ts'
import { compareExisting, foreseeEnds, type LeftUnchanged } from './existing/index.ts'
import { type Reconciled, reconcile, UsersToConfirm } from './reconcile/index.ts'
import { createNameClash, importRows } from './send/index.ts'

/** Options of {@link importUsers}. */
export type ImportOptions = FileJobOptions

/** The result of an import, including earlier runs that it resumed. */
export interface ImportReport {
  readonly rows: number
  /** Users that this job created; in a dry run, that it would create. */
  readonly created: number
  /** Users that another import of the same file created, or that have the id of the row. */
  readonly present: number
  /** Existing users with these names: they were left unchanged. */
  readonly existing: number
  /** Rows that are invalid, have the e-mail address or id of another user, or were refused by Keycloak. They are in the file of rejected rows. */
  readonly rejected: number
  /** How existing users differ from their rows; in a dry run this includes the present ones. */
  readonly leftUnchanged: LeftUnchanged
  /** What will not work as the valid rows suggest, once for each column or field. The same in a dry run. */
  readonly warnings: readonly ImportWarning[]
  /** The comparison of the realm with the file after the import; undefined for a dry run. */
  readonly reconciled: Reconciled | undefined
  /** Of this run. */
  readonly seconds: number
}

/**
 * Creates the users of a file, with their roles, groups and credentials, in batches whose size and number
 * adapt to the server; memory use is constant. Rejected rows do not stop the rest.
 *
 * The same call with the same journal resumes a run that stopped for any reason: each user is created once.
 * {@link undoJob} deletes the created users. Needs `manage-realm` and `manage-users` of `realm-management`,
 * and `view-clients` where rows name clients.
 * Changes are recorded batch by batch; after a kill, those of the last batches may be recorded again.
 *
 * Each user gets a random `createdTimestamp` within the last minute, which the journal keeps: it tells the users of this
 * job from those that another import of the file creates at the same time. A row with its own `createdTimestamp` keeps it.
 * Such a user also counts as created if another import created it while this job lost a response or was killed.
 *
 * @throws {CW_JOURNAL_LOCKED} when another process is using the journal; the message names its host and pid
 * @throws {CW_JOURNAL_MISMATCH} when the journal is that of another file, realm or server
 * @throws {CW_JOURNAL_INVALID} when the journal is damaged
 * @throws {CW_ADMIN_FORBIDDEN} when the credentials lack a role of `realm-management`; a dry run names all that are missing
 * @throws {CW_FILE_EXISTS} when a new job finds a file of rejected rows
 * @throws {CW_FILE_INVALID} when a CSV file has no user names, and the realm does not use e-mail addresses as user names
 * @throws {CW_ADMIN_UNAVAILABLE} when Keycloak is not ready for minutes; the same call resumes
 * @example
 * ```ts
 * import type { Admin } from '@cloakwright/admin'
 * import type { UserFile } from '@cloakwright/admin/files'
 * import { importUsers } from '@cloakwright/admin/jobs'
 *
 * export async function importAll(admin: Admin, file: UserFile): Promise<void> {
 *   const report = await importUsers(admin, file, { journal: 'users.journal', rejected: 'users.rejected.ndjson' })
 *   console.log(`${report.created} created, ${report.rejected} rejected`)
 * }
 * ```
 */
export async function importUsers(
  admin: Admin,
  file: UserFile,
  options: ImportOptions,
): Promise<ImportReport> {
  requireKnown('importUsers', options, jobOptions)
  // The import itself fails at its first request without them; a dry run sends none.
  if (options.dryRun === true || admin.dryRun) await requireImportRights(admin)
  return await runFileJob(admin, 'import', file, options, async (facts) => {
    await requireUserNames(file, facts)
    if (file.format !== 'keycloak') await requireDefaultGroups(admin, facts)
    return { job: 'import', batch: lookedUp, toRejectedRow, run: importFile }
  })
}

/** Users whose ids fit into one URL. */
const lookedUp = 80

function toRejectedRow(row: Row, reason: string): RejectedRow {
  return { line: row.line, reason, raw: 'user' in row ? row.user : row.raw }
}

/** Checks all rows, makes what is missing, and reads it again. */
async function importFile(run: JobRun): Promise<Omit<ImportReport, 'seconds'>> {
  const { admin, facts, journal, pace } = run
  const importCheck = createImportCheck(run)
  const counted = await checkRows(run, (row) => importCheck.check(row))
  const warnings = importCheck.warnings()
  if (journal === undefined) return { ...(await foresee(run, counted)), warnings, reconciled: undefined }
  const nameClash = createNameClash(admin, facts, pace)
  const toConfirm = new UsersToConfirm(facts)
  const { uncheckedLines } = importCheck
  const counts = await importRows({ ...run, journal, nameClash, toConfirm, uncheckedLines }, counted)
  const reconciled = await reconcile({ ...run, journal, toConfirm })
  const leftUnchanged = await compareExisting(run, counts.existing, (line) => isLeft(journal, line))
  return { ...toReport(counted, counts), leftUnchanged, warnings, reconciled }
}

/** What the second pass would come to; the rows that it would reject are in the file of rejected rows. */
async function foresee(
  run: JobRun,
  counted: RowCounts,
): Promise<ImportCounts & Pick<ImportReport, 'leftUnchanged'>> {
  const { rejectedLines } = run
  const counts = { created: 0, present: 0, existing: 0, changed: 0, rejected: counted.rejected }
  const found = new OutcomeMap()
  await foreseeEnds(
    run,
    counted.rows - counted.rejected,
    (line) => rejectedLines.get(line) === undefined,
    async (row, { line, outcome, reason = '' }) => {
      counts[outcome] += 1
      if (outcome === 'existing' || outcome === 'present') found.set(line, outcome)
      if (outcome === 'rejected') await run.reject(row, reason)
    },
  )
  const isFound = (line: number): boolean => found.get(line) !== undefined
  const leftUnchanged = await compareExisting(run, counts.existing + counts.present, isFound)
  return { ...toReport(counted, counts), leftUnchanged }
}

type ImportCounts = Pick<ImportReport, 'rows' | 'created' | 'present' | 'existing' | 'rejected'>

function toReport(
  { rows }: RowCounts,
  { created, present, existing, rejected }: Record<Outcome, number>,
): ImportCounts {
  return { created, present, existing, rows, rejected }
}

/** Whether a user of the row's name existed. Journals of earlier releases tell by the reason that another user has its id or address. */
function isLeft(journal: Journal, line: number): boolean {
  return journal.outcome(line) === 'existing' && journal.reason(line) === undefined
}
