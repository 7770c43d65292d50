/** Resumable work on many users, with a journal and undo. Uses files, tasks and the write model; the import uses its frame. */

export { type AssignOptions, bulkAssign } from './assign-users.ts'
export type { ChangeOptions, ChangeReport } from './change-users.ts'
export { bulkDisable, type DisableOptions } from './disable-users.ts'
export { type FileJobOptions, type JobRun, runFileJob } from './file-job.ts'
export { HashIndex } from './hash-index.ts'
export { type End, isOwn, type Journal, type JournalRow, type Outcome, OutcomeMap } from './journal/index.ts'
export { inBatches, isTimeout, type Pace } from './pace.ts'
export { type RealmFacts, roleNames, texts } from './realm-facts.ts'
export { isForeignDefaultRole, quoted, unknownName } from './row-names.ts'
export { checkRows, type JobItem, type RowCounts, workOnRows } from './row-passes.ts'
export { type UndoOptions, type UndoReport, undoJob } from './undo-job.ts'
