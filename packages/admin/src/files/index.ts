/** Users in files, read as streams and written. Uses the client and lists of users; jobs and the import use it. */

export { noUserNames } from './csv/index.ts'
export { type ExportOptions, type ExportReport, exportUsers } from './export-users.ts'
export { openRejectedRows, type RejectedRows } from './rejected-rows.ts'
export type { ImportedUser, RejectedRow, Row, UserFile, UserFormat, UserRow } from './rows.ts'
export { openUserFile, type UserFileOptions } from './user-file.ts'
