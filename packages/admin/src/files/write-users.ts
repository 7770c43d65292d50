import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { stringify } from 'csv-stringify'
import type { UserRepresentation } from '../client/index.ts'
import { exportColumns, exportedMembers, guarded, toCells } from './csv/index.ts'

/** Writes one user a line; the stream is not ended. */
export async function writeNdjson(
  users: AsyncIterable<UserRepresentation>,
  to: Writable,
  signal?: AbortSignal,
): Promise<void> {
  async function* lines(): AsyncGenerator<string, void, undefined> {
    for await (const user of users) yield `${JSON.stringify(toRow(user))}\n`
  }
  await pipeline(Readable.from(lines()), to, { end: false, ...(signal && { signal }) })
}

/** Writes a row of column names, one column for each of these attributes, and one row a user; the stream is not ended. */
export async function writeCsv(
  users: AsyncIterable<UserRepresentation>,
  attributes: readonly string[],
  to: Writable,
  signal?: AbortSignal,
): Promise<void> {
  const columns = exportColumns(attributes)
  async function* rows(): AsyncGenerator<string[], void, undefined> {
    for await (const user of users) yield toCells(columns, toRow(user)).map(guarded)
  }
  // All in quotation marks, as OWASP wants it.
  const text = stringify({ header: true, columns: columns.map(guarded), quoted: true, quoted_empty: false })
  await pipeline(Readable.from(rows()), text, to, { end: false, ...(signal && { signal }) })
}

/** What a file has of a user: no ids, for they are unique among all realms, nothing that only this realm knows. */
function toRow(user: UserRepresentation): UserRepresentation {
  return Object.fromEntries(
    exportedMembers.flatMap((member) => (user[member] === undefined ? [] : [[member, user[member]]])),
  )
}
