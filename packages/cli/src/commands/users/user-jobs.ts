import { copyFileSync, createReadStream, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Admin } from '@cloakwright/admin'
import { openUserFile, type UserFile, type UserFormat } from '@cloakwright/admin/files'
import {
  bulkAssign,
  bulkDisable,
  type ChangeReport,
  type ImportReport,
  importUsers,
  undoJob,
} from '@cloakwright/admin/jobs'
import { CloakwrightError } from 'cloakwright'
import { connectToWrite, type WriteOptions } from '../../connection/index.ts'
import { exitCode } from '../../exit.ts'
import { type RoleOptions, toRoleNames } from '../../options/index.ts'
import { confirmed, escaped, type Job, note, printObject, runJob } from '../../terminal/index.ts'
import { commandLine } from './command-line.ts'

/** The files of a job that works on a file of users. */
export interface JobOptions extends WriteOptions {
  readonly format?: UserFormat
  readonly journal?: string
  readonly rejected?: string
}

/** What `cloakwright users assign` gives to all; without any, each row its own. */
interface AssignOptions extends RoleOptions {
  readonly group?: readonly string[]
}

/** `cloakwright users import`. */
export async function importFile(path: string, options: JobOptions): Promise<void> {
  const words = (file: string): string[] => ['users', 'import', file]
  const command: FileCommand = { name: '', words, byEmail: true }
  await runFileJob(path, options, command, importUsers, (report, journal) => {
    printImport(report, options)
    tellLeftUnchanged(report)
    for (const { line, fields } of report.reconciled?.lines ?? [])
      note(escaped(`line ${line}: not as in the file: ${fields.join(', ')}`))
    for (const { field, rows, message } of report.warnings)
      note(escaped(`warning: ${field} (${countOf(rows, 'row')}): ${message}`))
    if (report.created > 0 && options.dryRun !== true) note(undoHint(journal, options))
    return isWhole(report)
  })
}

function printImport(report: ImportReport, options: JobOptions): void {
  const dryRun = options.dryRun === true
  if (options.json === true) return printObject({ dryRun, ...report }, true)
  const { reconciled, warnings: _warnings, leftUnchanged: _leftUnchanged, ...counts } = report
  if (reconciled === undefined) {
    printObject({ dryRun, ...counts }, false)
    note('Nothing was written')
    return
  }
  const { checked, missing, differing, unchecked } = reconciled
  printObject({ ...counts, checked, missing, differing }, false)
  if (unchecked > 0)
    note(`not checked: ${countOf(unchecked, 'membership')}, in roles or groups with too many other members`)
}

/** Nothing that a row says is hidden, also where its user is not touched. */
function tellLeftUnchanged({ existing, present, leftUnchanged }: ImportReport): void {
  const { differing, fields } = leftUnchanged
  const count = existing + present
  if (count > 0) note(`exists already, left unchanged: ${countOf(count, 'user')}`)
  if (differing === 0) return
  const found = fields.map(({ field, rows }) => `${field}: ${rows}`)
  note(
    escaped(`different from the file, left unchanged: ${countOf(differing, 'user')} (${found.join(', ')})`),
  )
}

/** Whether the realm has all that the file says, or would have it after the import. */
function isWhole({ rejected, leftUnchanged, reconciled, warnings }: ImportReport): boolean {
  const { missing = 0, differing = 0 } = reconciled ?? {}
  const isHidden = warnings.some(({ code }) => code === 'hidden-attribute')
  return !isHidden && rejected + leftUnchanged.differing + missing + differing === 0
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** `cloakwright users disable --file`. */
export async function disableAll(path: string, options: JobOptions): Promise<void> {
  await confirmed(`Disable the users of ${path}?`, options.yes === true || options.dryRun === true)
  const words = (file: string): string[] => ['users', 'disable', '--file', file]
  await runFileJob(
    path,
    options,
    { name: '.disable', words, byEmail: true },
    bulkDisable,
    tellChanged(options),
  )
}

/** `cloakwright users assign`. */
export async function assign(path: string, options: JobOptions & AssignOptions): Promise<void> {
  const roles = toRoleNames(options)
  const { group } = options
  const wanted = {
    ...(roles === undefined ? {} : { roles }),
    ...(group === undefined ? {} : { groups: group }),
  }
  const work: FileWork<ChangeReport> = (admin, file, job) => bulkAssign(admin, file, { ...job, ...wanted })
  const given = [
    ...(options.role ?? []).flatMap((role) => ['--role', role]),
    ...(options.clientRole ?? []).flatMap((role) => ['--client-role', role]),
    ...(group ?? []).flatMap((each) => ['--group', each]),
  ]
  const words = (file: string): string[] => ['users', 'assign', file, ...given]
  await runFileJob(path, options, { name: '.assign', words, byEmail: true }, work, tellChanged(options))
}

function tellChanged(options: JobOptions): (report: ChangeReport, journal: string) => boolean {
  const isDryRun = options.dryRun === true
  return (report, journal) => {
    printReport(report, options)
    if (report.changed > 0 && !isDryRun) note(undoHint(journal, options))
    return report.rejected === 0
  }
}

/** For programs with whether it was a dry run; a reader is told of one only. */
function printReport(report: object, options: WriteOptions): void {
  const dryRun = options.dryRun === true
  const isJson = options.json === true
  printObject({ ...(dryRun || isJson ? { dryRun } : {}), ...report }, isJson)
}

function undoHint(journal: string, options: JobOptions): string {
  return escaped(`Undo it: ${commandLine(['users', 'undo', journal], options)}`)
}

/** What a job of the toolkit takes beside its file. */
interface FileJob extends Job {
  readonly journal: string
  readonly rejected: string
  readonly dryRun: boolean
}

/** The command that runs a job. */
interface FileCommand {
  /** What its files have after the name of the file that it works on. */
  readonly name: string
  /** The same command for another file. */
  readonly words: (file: string) => readonly string[]
  /** Whether a row may name a user by e-mail address alone. */
  readonly byEmail?: boolean
}

type FileWork<Report> = (admin: Admin, file: UserFile, job: FileJob) => Promise<Report>

/**
 * Runs a job with its files, by default beside the one that it works on, and tells what it came to. A dry run's rejected
 * rows are told, not kept. Ends the program with 3 where something was left undone.
 */
async function runFileJob<Report extends { readonly rows: number }>(
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

/** `cloakwright users undo`. */
export async function undo(path: string, options: WriteOptions): Promise<void> {
  const isDryRun = options.dryRun === true
  if (!existsSync(path)) {
    throw new CloakwrightError('CW_JOURNAL_INVALID', `There is no journal ${path}`, {
      hint: 'Give the journal of the job: by default FILE.journal',
    })
  }
  if (!isDryRun) await confirmed(`Undo what the job of ${path} did?`, options.yes === true)
  const folder = isDryRun ? mkdtempSync(join(tmpdir(), 'cloakwright-')) : undefined
  // What was taken back is written down in the journal: a dry run has one of its own.
  const journal = folder === undefined ? path : join(folder, 'journal')
  try {
    if (folder !== undefined) copyFileSync(path, journal)
    const report = await runJob('Run the same command again to resume.', ({ signal, onProgress }) =>
      undoJob(connectToWrite(options), journal, { signal, onProgress }),
    )
    printReport(report, options)
    if (report.undone + report.kept === 0)
      note(escaped(`Nothing to undo in ${path}: all of it is undone already`))
    if (report.kept > 0) process.exitCode = exitCode.partly
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  }
}
