/** `@cloakwright/admin/jobs`: resumable work on many users, with a journal and undo. */

export {
  type ImportOptions,
  type ImportReport,
  type ImportWarning,
  importUsers,
  type LeftUnchanged,
  type Reconciled,
  type WarningCode,
} from '../import/index.ts'
export {
  type AssignOptions,
  bulkAssign,
  bulkDisable,
  type ChangeOptions,
  type ChangeReport,
  type DisableOptions,
  type UndoOptions,
  type UndoReport,
  undoJob,
} from '../jobs/index.ts'
export { type JobProgress, type ProgressListener } from '../progress/index.ts'
