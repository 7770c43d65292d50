import { createReadStream, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Admin } from '@cloakwright/admin'
import { openUserFile, type UserFile, type UserFormat } from '@cloakwright/admin/files'
import { connectToWrite, type WriteOptions } from '../../connection/index.ts'
import { exitCode } from '../../exit.ts'
import { escaped, type Job, note, printObject, runJob } from '../../terminal/index.ts'
import { commandLine } from './command-line.ts'

/** The files of a job that works on a file of users. */
export interface JobOptions extends WriteOptions {
  readonly format?: UserFormat
  readonly journal?: string
  readonly rejected?: string
}

/** What a job of the toolkit takes beside its file. */
interface FileJob extends Job {
  readonly journal: string
  readonly rejected: string
  readonly dryRun: boolean
}

/** The command that runs a job. */
export interface FileCommand {
  /** What its files have after the name of the file that it works on. */
  readonly name: string
  /** The same command for another file. */
  readonly words: (file: string) => readonly string[]
  /** Whether a row may name a user by e-mail address alone. */
  readonly byEmail?: boolean
}

export type FileWork<Report> = (admin: Admin, file: UserFile, job: FileJob) => Promise<Report>

/**
 * Runs a job with its files, by default beside the one that it works on, and tells what it came to. A dry run's rejected
 * rows are told, not kept. Ends the program with 3 where something was left undone.
 */
export async function runFileJob<Report extends { readonly rows: number }>(
  path: string,
  options: JobOptions,
  { name, words, byEmail = false }: FileCommand,
  work: FileWork<Report>,
  tell: (report: Report, journal: string) => boolean,
): Promise<void> {
  const base = `${path.replace(/[/\\]+$/, '')}${name}`
  const dryRun = options.dryRun === true
  const folder = dryRun ? mkdtempSync(join(tmpdir(), 'cloakwright-')) : undefined
  const rejected =
    folder === undefined ? (options.rejected ?? `${base}.rejected.ndjson`) : join(folder, 'rows')
  const journal = options.journal ?? `${base}.journal`
  try {
    const report = await runJob('Run the same command again to resume.', async (job) => {
      const { format } = options
      const file = await openUserFile(path, { byEmail, ...(format !== undefined && { format }) })
      return await work(connectToWrite(options), file, { journal, rejected, dryRun, ...job })
    })
    const isWhole = tell(report, journal)
    if (report.rows === 0) note(escaped(`${path} has no rows: nothing was done`))
    await tellRejected(rejected, folder === undefined ? commandLine(words(rejected), options) : undefined)
    if (!isWhole) process.exitCode = exitCode.partly
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  }
}

/** Rejected rows that are told one by one. */
const mostTold = 20

/** `again` is the command that takes the file once its rows are fixed; none where it is not kept. */
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
  note(escaped(`Rejected rows are in ${file}: fix the rows, then run the same command with that file:`))
  note(escaped(`  ${again}`))
}

/** For programs with whether it was a dry run; a reader is told of one only. */
export function printReport(report: object, options: WriteOptions): void {
  const dryRun = options.dryRun === true
  const isJson = options.json === true
  printObject({ ...(dryRun || isJson ? { dryRun } : {}), ...report }, isJson)
}

export function undoHint(journal: string, options: JobOptions): string {
  return escaped(`Undo it: ${commandLine(['users', 'undo', journal], options)}`)
}
