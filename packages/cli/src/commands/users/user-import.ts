import { type ImportReport, importUsers } from '@cloakwright/admin/jobs'
import { escaped, note, printObject } from '../../terminal/index.ts'
import { type FileCommand, type JobOptions, runFileJob, undoHint } from './file-job.ts'

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
