import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bulkAssign, bulkDisable, type ChangeReport, type UndoReport, undoJob } from '@cloakwright/admin/jobs'
import { CloakwrightError } from 'cloakwright'
import { connectToWrite, type WriteOptions } from '../../connection/index.ts'
import { exitCode } from '../../exit.ts'
import { type RoleOptions, toRoleNames } from '../../options/index.ts'
import { confirmed, countOf, escaped, note, print, printObject, runJob } from '../../terminal/index.ts'
import {
  type EndedJob,
  type FileWork,
  type JobOptions,
  runFileJob,
  tellCounts,
  undoHint,
} from './file-job.ts'

/** The roles and groups that `cloakwright users assign` grants to all. Without any, each row has its own. */
interface AssignOptions extends RoleOptions {
  readonly group?: readonly string[]
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

function tellChanged(options: JobOptions): (report: ChangeReport, job: EndedJob) => boolean {
  const dryRun = options.dryRun === true
  return (report, { journal, isDoneEarlier }) => {
    const { changed, present, rejected } = report
    if (options.json === true) printObject({ dryRun, ...report }, true)
    else {
      tellCounts(
        report,
        `${changed} ${dryRun ? 'to change' : isDoneEarlier && changed > 0 ? 'changed earlier' : 'changed'}`,
        options,
      )
      if (present > 0) print(`${countOf(present, 'user')} left unchanged: already as requested`)
    }
    if (changed > 0 && !dryRun) note(undoHint(journal, options))
    return rejected === 0
  }
}

function printUndo(report: UndoReport, options: WriteOptions): void {
  const dryRun = options.dryRun === true
  if (options.json === true) return printObject({ dryRun, ...report }, true)
  const { undone, kept } = report
  if (dryRun) print('Dry run: nothing was changed')
  print(`${countOf(undone, 'row')} ${dryRun ? 'to undo' : 'undone'}`)
  if (kept > 0) print(`${countOf(kept, 'user')} left unchanged: deleted, renamed or created again since`)
}

/** `cloakwright users undo`. */
export async function undo(path: string, options: WriteOptions): Promise<void> {
  const isDryRun = options.dryRun === true
  if (!existsSync(path)) {
    throw new CloakwrightError('CW_JOURNAL_INVALID', `The journal ${path} does not exist`, {
      hint: 'Give the journal of the job, by default FILE.journal',
    })
  }
  if (!isDryRun) await confirmed(`Undo the job of ${path}?`, options.yes === true)
  const folder = isDryRun ? mkdtempSync(join(tmpdir(), 'cloakwright-')) : undefined
  // An undo writes to the journal: a dry run uses a copy.
  const journal = folder === undefined ? path : join(folder, 'journal')
  try {
    if (folder !== undefined) copyFileSync(path, journal)
    const report = await runJob('Run the same command again to resume.', ({ signal, onProgress }) =>
      undoJob(connectToWrite(options), journal, { signal, onProgress }),
    )
    printUndo(report, options)
    if (report.undone + report.kept === 0)
      note(escaped(`Nothing to undo in ${path}: the job is undone already`))
    if (report.kept > 0) process.exitCode = exitCode.partly
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  }
}
