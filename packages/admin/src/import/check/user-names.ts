import { noUserNames, type UserFile } from '../../files/index.ts'
import type { RealmFacts } from '../../jobs/index.ts'

/**
 * Before a journal is begun: the file is of no use as it is.
 *
 * @throws {CW_FILE_INVALID} when a CSV file has no user names, and the realm does not use e-mail addresses as user names
 */
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
