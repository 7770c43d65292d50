export type { ImportWarning, WarningCode } from './check/index.ts'
export type { LeftUnchanged } from './existing/index.ts'
export { type ImportOptions, type ImportReport, importUsers } from './import-users.ts'
export type { Reconciled } from './reconcile/index.ts'
