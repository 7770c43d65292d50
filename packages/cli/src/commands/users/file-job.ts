import { createReadStream, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Admin } from '@cloakwright/admin'
import { openUserFile, type UserFile, type UserFormat } from '@cloakwright/admin/files'
import { connectToWrite, type WriteOptions } from '../../connection/index.ts'
import { exitCode } from '../../exit.ts'
import { countOf, escaped, type Job, note, print, runJob } from '../../terminal/index.ts'
import { commandLine } from './command-line.ts'

/** The options of a job on a file of users. */
export interface JobOptions extends WriteOptions {
  readonly format?: UserFormat
  readonly journal?: string
  readonly rejected?: string
}

/** The options of a toolkit job. */
interface FileJob extends Job {
  readonly journal: string
  readonly rejected: string
  readonly dryRun: boolean
}

/** The command that runs a job. */
export interface FileCommand {
  /** The suffix that journal and rejected file add to the name of the user file. */
  readonly name: string
  /** The same command for another file. */
  readonly words: (file: string) => readonly string[]
  /** Whether a row may name a user only by e-mail address. */
  readonly byEmail?: boolean
}

export type FileWork<Report> = (admin: Admin, file: UserFile, job: FileJob) => Promise<Report>

/** A job that came to its end. */
export interface EndedJob {
  readonly journal: string
  /** Whether all of its rows were done in an earlier run. */
  readonly isDoneEarlier: boolean
}

/** The phases in which a job changes the realm. */
const workPhases = ['importing', 'changing']

/**
 * Runs a job with its files, by default next to the user file, and reports the result. A dry run prints its rejected rows
 * without keeping them. Exit code 3 if something was not done.
 */
export async function runFileJob<Report extends { readonly rows: number }>(
  path: string,
  options: JobOptions,
  { name, words, byEmail = false }: FileCommand,
  work: FileWork<Report>,
  tell: (report: Report, job: EndedJob) => boolean,
): Promise<void> {
  const base = `${path.replace(/[/\\]+$/, '')}${name}`
  const dryRun = options.dryRun === true
  const folder = dryRun ? mkdtempSync(join(tmpdir(), 'cloakwright-')) : undefined
  const rejected =
    folder === undefined ? (options.rejected ?? `${base}.rejected.ndjson`) : join(folder, 'rows')
  const journal = options.journal ?? `${base}.journal`
  let isDoneEarlier = true
  try {
    const report = await runJob('Run the same command again to resume.', async ({ signal, onProgress }) => {
      const { format } = options
      const file = await openUserFile(path, { byEmail, ...(format !== undefined && { format }) })
      return await work(connectToWrite(options), file, {
        journal,
        rejected,
        dryRun,
        signal,
        onProgress(state) {
          // Rows of an earlier run do not count for the rate.
          if (workPhases.includes(state.phase) && state.perSecond > 0) isDoneEarlier = false
          onProgress(state)
        },
      })
    })
    const isWhole = tell(report, { journal, isDoneEarlier })
    if (report.rows === 0) note(escaped(`${path} has no rows: nothing was done`))
    await tellRejected(rejected, folder === undefined ? commandLine(words(rejected), options) : undefined)
    if (!isWhole) process.exitCode = exitCode.partly
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  }
}

/** The number of rejected rows to print. */
const mostTold = 20

/** Prints the rejected rows, and `again`, the command for the file once its rows are fixed. A dry run has none. */
async function tellRejected(file: string, again: string | undefined): Promise<void> {
  if (!existsSync(file)) return
  let count = 0
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    count += 1
    if (count > mostTold) continue
    const { line, reason } = JSON.parse(text) as { line: number; reason: string }
    note(escaped(`line ${line}: ${reason}`))
  }
  if (count > mostTold) note(`and ${count - mostTold} more`)
  if (again === undefined) return
  note(escaped(`Rejected rows are in ${file}. Fix them, then run:`))
  note(escaped(`  ${again}`))
}

/** Prints the summary that all jobs on a file share. `done` is the result of the rows that were not rejected. */
export function tellCounts(
  { rows, rejected, seconds }: { readonly rows: number; readonly rejected: number; readonly seconds: number },
  done: string,
  options: WriteOptions,
): void {
  if (options.dryRun === true) print('Dry run: nothing was changed')
  print(`${countOf(rows, 'row')} in ${Math.round(seconds * 10) / 10} s`)
  print(done)
  print(`${rejected} rejected`)
}

/** The command that undoes a job. */
export function undoHint(journal: string, options: JobOptions): string {
  return escaped(`To undo it: ${commandLine(['users', 'undo', journal], options)}`)
}
