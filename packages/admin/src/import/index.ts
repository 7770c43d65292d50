/** The import of users from a file. Uses jobs, files and lists; only the entry `@cloakwright/admin/jobs` uses it. */

export type { ImportWarning, WarningCode } from './check/index.ts'
export type { LeftUnchanged } from './existing/index.ts'
export { type ImportOptions, type ImportReport, importUsers } from './import-users.ts'
export type { Reconciled } from './reconcile/index.ts'
