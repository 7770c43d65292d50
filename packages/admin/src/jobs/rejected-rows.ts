import { unlink } from 'node:fs/promises'
import { CloakwrightError } from 'cloakwright'
import {
  type ImportedUser,
  openRejectedRows,
  type RejectedRow,
  type RejectedRows,
  type UserFile,
  type UserRow,
} from '../files/index.ts'
import type { Journal } from './journal/index.ts'

/** A job that works on a file of users. */
export type FileJob = 'import' | 'disable' | 'assign'

/**
 * Opens the file of a job's rejected rows, which the same job takes again. A job that can't begin leaves no journal: with
 * it the next call would resume with another job's file of rejected rows.
 */
export async function openRejected(
  job: FileJob,
  options: { readonly journal: string; readonly rejected: string },
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

/**
 * Rows that one job rejected are no other's: an import would create the leavers that a disable did not find.
 *
 * @throws {CW_FILE_INVALID}
 */
export function requireOwnRows({ path, rejectedBy }: UserFile, job: FileJob): void {
  if (rejectedBy === undefined || rejectedBy === job) return
  throw new CloakwrightError(
    'CW_FILE_INVALID',
    `The file of users ${path} has the rejected rows of another job: ${rejectedBy}, not ${job}`,
    { hint: `Run ${rejectedBy} with it, or write a new file for ${job}.` },
  )
}

/**
 * A row of a job that changes users, as its file of rejected rows has it: as it was read, without what would matter only
 * to a user who is created.
 */
export function toRejectedChange(row: UserRow | RejectedRow, reason: string): RejectedRow {
  const { line } = row
  const raw: unknown = 'user' in row ? row.user : row.raw
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return { line, reason, raw }
  const { enabled: _enabled, credentials: _credentials, ...kept } = raw as Partial<ImportedUser>
  if (!('user' in row) || row.namedBy !== 'email') return { line, reason, raw: kept }
  const { username: _address, ...named } = kept
  return { line, reason, raw: named }
}
