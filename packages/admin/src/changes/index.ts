export type { Author, Change, ChangeKind, ChangeRecorder, RealmKind, Reason } from './change.ts'
export { byAuthor } from './change.ts'
