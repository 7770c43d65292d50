import { noUserNames, type Row, type UserFile } from '../../files/index.ts'
import { type Journal, LineMap, type RealmFacts } from '../../jobs/index.ts'
import { startPhase } from '../../progress/index.ts'
import { createProfileCheck } from '../profile/index.ts'
import type { Checked, Run } from '../run.ts'
import { createExpectations } from './expectations.ts'
import { createReferenceCheck } from './references.ts'
import { createRowCheck, type RowCheck } from './row-check.ts'
import { Warnings } from './warnings.ts'

/** The first pass: what is wrong with the file itself, before anything is written to the realm. */
export async function checkRows(run: Run, journal: Journal | undefined): Promise<Checked> {
  const { admin, file, facts, rejectedRows, options } = run
  const warnings = new Warnings()
  const references = createReferenceCheck(admin, facts, file, warnings)
  const checkProfile = createProfileCheck(facts, file.format === 'keycloak')
  const uncheckedLines = new Set<number>()
  const check = createRowCheck(facts, checkProfile, references, warnings, uncheckedLines)
  const expectations = createExpectations(admin, facts, warnings)
  const rejectedLines = new LineMap()
  const phase = startPhase('checking', undefined, options.onProgress)
  let rows = 0
  let rejected = 0
  for await (const row of file.rows()) {
    options.signal?.throwIfAborted()
    rows += 1
    const reason = await reasonOf(row, facts, check)
    if ('user' in row && reason === undefined) await expectations(row)
    warnings.endRow(reason !== undefined)
    // A row that was imported stays so, whatever the realm has lost since.
    const isRejected = reason !== undefined && journal?.outcome(row.line) === undefined
    phase.add(1, isRejected ? 1 : 0)
    if (!isRejected) continue
    rejected += 1
    rejectedLines.set(row.line, 'rejected')
    await rejectedRows.write({ line: row.line, reason, raw: 'user' in row ? row.user : row.raw })
  }
  phase.end()
  return { counts: { rows, rejected }, rejectedLines, warnings: warnings.list(), uncheckedLines }
}

/** Before a journal is begun: the file is of no use as it is. */
export async function requireUserNames(
  file: UserFile,
  { registrationEmailAsUsername }: RealmFacts,
): Promise<void> {
  if (file.format !== 'csv' || registrationEmailAsUsername) return
  for await (const row of file.rows()) {
    if (!('user' in row)) continue
    if (row.namedBy === 'email') throw noUserNames(file.path)
    return
  }
}

async function reasonOf(row: Row, facts: RealmFacts, check: RowCheck): Promise<string | undefined> {
  if (!('user' in row)) return row.reason
  const isNameless = row.namedBy === 'email' && !facts.registrationEmailAsUsername
  return isNameless ? 'username is missing' : await check(row)
}
