import { type ImportReport, importUsers } from '@cloakwright/admin/jobs'
import { countOf, escaped, note, print, printObject } from '../../terminal/index.ts'
import { type FileCommand, type JobOptions, runFileJob, tellCounts, undoHint } from './file-job.ts'

/** `cloakwright users import`. */
export async function importFile(path: string, options: JobOptions): Promise<void> {
  const words = (file: string): string[] => ['users', 'import', file]
  const command: FileCommand = { name: '', words, byEmail: true }
  await runFileJob(path, options, command, importUsers, (report, { journal, isDoneEarlier }) => {
    if (options.json === true) printObject({ dryRun: options.dryRun === true, ...report }, true)
    else printImport(report, options, isDoneEarlier)
    tellDifferences(report)
    for (const { field, rows, message } of report.warnings)
      note(escaped(`warning: ${field} (${countOf(rows, 'row')}): ${message}`))
    if (report.created > 0 && options.dryRun !== true) note(undoHint(journal, options))
    return isWhole(report)
  })
}

function printImport(report: ImportReport, options: JobOptions, isDoneEarlier: boolean): void {
  const { created, existing, present, reconciled } = report
  const isEarlier = isDoneEarlier && created > 0
  const made = reconciled === undefined ? 'to create' : isEarlier ? 'created earlier' : 'created'
  tellCounts(report, `${created} ${made}`, options)
  const unchanged = existing + present
  if (unchanged > 0) print(`${countOf(unchanged, 'existing user')} left unchanged`)
  if (reconciled === undefined) return
  const { checked, missing, differing, unchecked } = reconciled
  print(`Checked in the realm: ${countOf(checked, 'user')}, ${missing} missing, ${differing} different`)
  if (unchecked > 0)
    note(`${countOf(unchecked, 'membership')} not checked: the role or group has too many other members`)
}

/** Reports the fields in which users differ from their rows. */
function tellDifferences({ leftUnchanged, reconciled }: ImportReport): void {
  const { differing, fields } = leftUnchanged
  if (differing > 0) {
    const found = fields.map(({ field, rows }) => `${field}: ${rows}`).join(', ')
    note(escaped(`${countOf(differing, 'existing user')} different from the file, left unchanged (${found})`))
  }
  for (const { line, fields: differences } of reconciled?.lines ?? [])
    note(
      escaped(
        differences.includes('user')
          ? `line ${line}: the user no longer exists`
          : `line ${line}: different from the file: ${differences.join(', ')}`,
      ),
    )
}

/** Whether the realm matches the file, or would after the import. */
function isWhole({ rejected, leftUnchanged, reconciled, warnings }: ImportReport): boolean {
  const { missing = 0, differing = 0 } = reconciled ?? {}
  const isHidden = warnings.some(({ code }) => code === 'hidden-attribute')
  return !isHidden && rejected + leftUnchanged.differing + missing + differing === 0
}
