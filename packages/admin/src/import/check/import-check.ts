import type { ImportedUser, Row, UserRow } from '../../files/index.ts'
import type { JobRun } from '../../jobs/index.ts'
import { createProfileCheck } from '../profile/index.ts'
import { createDuplicateCheck } from './duplicate-rows.ts'
import { createExpectations } from './expectations.ts'
import { createReferenceCheck } from './references.ts'
import { type ImportWarning, Warnings } from './warnings.ts'

/** What is wrong with the rows of a file, and what they lead to expect. */
export interface ImportCheck {
  /** Says what is wrong with a row, without its values; undefined: nothing. Sees each row once, in their order. */
  check(row: Row): Promise<string | undefined>
  /** Rows that only Keycloak can check against the user profile. */
  readonly uncheckedLines: ReadonlySet<number>
  warnings(): readonly ImportWarning[]
}

/** Checks rows against the realm and against the rows before them. Keeps hashes, not rows. */
export function createImportCheck({
  admin,
  file,
  facts,
}: Pick<JobRun, 'admin' | 'file' | 'facts'>): ImportCheck {
  const warnings = new Warnings()
  const uncheckedLines = new Set<number>()
  const unknownReference = createReferenceCheck(admin, facts, file, warnings)
  const checkProfile = createProfileCheck(facts, file.format === 'keycloak')
  const duplicate = createDuplicateCheck(facts)
  const warnOfExpectations = createExpectations(admin, facts, warnings)

  async function problemOf(row: UserRow): Promise<string | undefined> {
    const { line, user, namedBy } = row
    if (namedBy === 'email' && !facts.registrationEmailAsUsername) return 'username is missing'
    const { problem, unchecked } = checkProfile(user)
    const found = idProblem(user) ?? problem ?? (await unknownReference(user)) ?? duplicate(row)
    if (unchecked.length > 0) uncheckedLines.add(line)
    for (const { field, validator } of unchecked)
      warnings.add('unchecked-value', `${field} ${validator}`, () => uncheckedValue)
    return found
  }

  return {
    async check(row) {
      const reason = 'user' in row ? await problemOf(row) : row.reason
      if ('user' in row && reason === undefined) await warnOfExpectations(row)
      warnings.endRow(reason !== undefined)
      return reason
    },
    uncheckedLines,
    warnings: () => warnings.list(),
  }
}

const uncheckedValue =
  'only Keycloak can check this value: these users are created one by one, and those that it refuses are rejected'

/** What the database would refuse, and with it the whole batch; the rest of the form was checked as the row was read. */
function idProblem({ id }: ImportedUser): string | undefined {
  if (id === undefined || /^[\w.~-]{1,36}$/.test(id)) return undefined
  return 'id must have at most 36 characters: letters, digits, - . _ ~'
}
