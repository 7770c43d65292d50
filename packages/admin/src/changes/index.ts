/** What a change is, who made it and why, and who keeps it. Uses nothing; the client, the tasks, jobs and the audit trail use it. */

export type { Author, Change, ChangeKind, ChangeRecorder, RealmKind, Reason } from './change.ts'
export { byAuthor } from './change.ts'
