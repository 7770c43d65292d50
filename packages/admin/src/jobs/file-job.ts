import { unlink } from 'node:fs/promises'
import { CloakwrightError } from 'cloakwright'
import type { Admin } from '../client/index.ts'
import {
  openRejectedRows,
  type RejectedRow,
  type RejectedRows,
  type Row,
  type UserFile,
} from '../files/index.ts'
import type { ProgressListener } from '../progress/index.ts'
import { type Journal, OutcomeMap, openJournal } from './journal/index.ts'
import { createPace, type Pace } from './pace.ts'
import { type RealmFacts, readRealmFacts } from './realm-facts.ts'

/** Options of every job that works on a file of users. */
export interface FileJobOptions {
  /**
   * The job's journal: a path that nothing is on, or that of a run that did not come to its end. The same call with the same
   * journal continues, {@link undoJob} undoes it. Mode 0600.
   */
  readonly journal: string
  /**
   * Where rejected rows go, with their line and the reason. Only written when there are any. A file that is there is an
   * error, unless the job continues. Mode 0600.
   */
  readonly rejected: string
  /** Checks and counts, writes nothing but the file of rejected rows. Default: whether the administrator is for a dry run. */
  readonly dryRun?: boolean
  /** Starts no further batch and rejects with the reason of the signal; the same call resumes. */
  readonly signal?: AbortSignal
  readonly onProgress?: ProgressListener
}

/** A job that works on a file of users, as its rejected rows name it. */
export type FileJobName = 'import' | 'disable' | 'assign'

/** What one job does: the rest is the same for all. */
export interface FileJob<Report> {
  /** Its name in the journal: with everything that makes it another job. */
  readonly job: string
  /** Rows of a batch at most. Default: that of {@link createPace}. */
  readonly batch?: number
  /** A row as the file of rejected rows has it. */
  readonly toRejectedRow: (row: Row, reason: string) => RejectedRow
  /** The passes through the file. */
  readonly run: (run: JobRun) => Promise<Report>
}

/** A job while its files are open. */
export interface JobRun {
  readonly admin: Admin
  readonly file: UserFile
  readonly facts: RealmFacts
  readonly options: Pick<FileJobOptions, 'signal' | 'onProgress'>
  readonly pace: Pace
  /** Undefined for a dry run. */
  readonly journal: Journal | undefined
  /** The rows that the first pass rejected. */
  readonly rejectedLines: OutcomeMap
  /** Writes a row to the file of rejected rows. */
  reject(row: Row, reason: string): Promise<void>
}

/**
 * Runs a job from the opening of its files to their end. Nothing is opened for a job that `prepare` finds impossible.
 *
 * @throws {CW_FILE_INVALID} when the rows are those that another job rejected
 */
export async function runFileJob<Report extends object>(
  admin: Admin,
  name: FileJobName,
  file: UserFile,
  options: FileJobOptions,
  prepare: (facts: RealmFacts) => Promise<FileJob<Report>>,
): Promise<Report & { readonly seconds: number }> {
  const began = performance.now()
  requireOwnRows(file, name)
  const facts = await readRealmFacts(admin)
  const { job, batch, toRejectedRow, run } = await prepare(facts)
  const { server, realm } = admin
  const header = { job, server, realm, realmId: facts.realmId, file: file.digest }
  const isDryRun = options.dryRun === true || admin.dryRun
  const journal = isDryRun ? undefined : await openJournal(options.journal, header)
  try {
    const rejectedRows = await openRejected(name, options, journal)
    try {
      const report = await run({
        admin,
        file,
        facts,
        options,
        pace: createPace({ signal: options.signal, ...(batch !== undefined && { batch }) }),
        journal,
        rejectedLines: new OutcomeMap(),
        reject: (row, reason) => rejectedRows.write(toRejectedRow(row, reason)),
      })
      return { ...report, seconds: (performance.now() - began) / 1000 }
    } finally {
      await rejectedRows.close()
    }
  } finally {
    await journal?.close()
  }
}

/** Rows that one job rejected are no other's: an import would create the leavers that a disable did not find. */
function requireOwnRows({ path, rejectedBy }: UserFile, name: FileJobName): void {
  if (rejectedBy === undefined || rejectedBy === name) return
  throw new CloakwrightError(
    'CW_FILE_INVALID',
    `The file of users ${path} has rejected rows of the job ${rejectedBy}, not of ${name}`,
    { hint: `Use it with ${rejectedBy}, or write a new file for ${name}.` },
  )
}

/**
 * Opens the file of a job's rejected rows, which the same job takes again. A job that can't begin leaves no journal: with
 * it the next call would resume with another job's file of rejected rows.
 */
async function openRejected(
  job: FileJobName,
  options: FileJobOptions,
  journal: Journal | undefined,
): Promise<RejectedRows> {
  const resume = journal?.resumed === true
  try {
    return await openRejectedRows(options.rejected, { resume, job })
  } catch (error) {
    if (journal !== undefined && !resume) await unlink(options.journal)
    throw error
  }
}
