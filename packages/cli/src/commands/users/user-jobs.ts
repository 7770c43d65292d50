import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bulkAssign, bulkDisable, type ChangeReport, undoJob } from '@cloakwright/admin/jobs'
import { CloakwrightError } from 'cloakwright'
import { connectToWrite, type WriteOptions } from '../../connection/index.ts'
import { exitCode } from '../../exit.ts'
import { type RoleOptions, toRoleNames } from '../../options/index.ts'
import { confirmed, escaped, note, runJob } from '../../terminal/index.ts'
import { type FileWork, type JobOptions, printReport, runFileJob, undoHint } from './file-job.ts'

/** What `cloakwright users assign` gives to all; without any, each row its own. */
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

function tellChanged(options: JobOptions): (report: ChangeReport, journal: string) => boolean {
  const isDryRun = options.dryRun === true
  return (report, journal) => {
    printReport(report, options)
    if (report.changed > 0 && !isDryRun) note(undoHint(journal, options))
    return report.rejected === 0
  }
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
