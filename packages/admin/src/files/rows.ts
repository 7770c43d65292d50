import type { UserRepresentation } from '../client/index.ts'

/** A user as a file has it: Keycloak's representation, with credentials, role names and group paths. */
export type ImportedUser = UserRepresentation & { readonly username: string }

/** A row that can be read as a user. */
export interface UserRow {
  /** Where the row begins, from 1. In a realm's export: which of its users, from 1. */
  readonly line: number
  readonly user: ImportedUser
  /** Set where the row names its user by e-mail address alone; `user.username` is that address then. */
  readonly namedBy?: 'email'
}

/** A row that cannot. */
export interface RejectedRow {
  readonly line: number
  /** What is wrong with it, without its values. */
  readonly reason: string
  /** The row as it was read, for the file of rejected rows; its beginning, where it is too long. */
  readonly raw: unknown
}

export type Row = UserRow | RejectedRow

/** The formats that users are read from: a realm's export is one JSON document with a list `users`. */
export type UserFormat = 'csv' | 'ndjson' | 'keycloak'

/** A file of users that is read as a stream, as often as it takes. */
export interface UserFile {
  readonly path: string
  readonly format: UserFormat
  /** SHA-256 of its content, in hexadecimal. */
  readonly digest: string
  /** The name of the default role in the realm that the file was exported from, where it says so. */
  readonly defaultRole?: string
  /** Bytes, for the progress. */
  readonly size: number
  /** The job that rejected these rows before: no other job may take them. Absent for a file of any other origin. */
  readonly rejectedBy?: string
  /** The rows, in their order, from the beginning; memory stays flat. */
  rows(): AsyncIterable<Row>
}
