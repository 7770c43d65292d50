export type { Author, Change, ChangeKind, ChangeRecorder, RealmKind, Reason } from './change.ts'
export { byAuthor, recorded, requireRecordable, takingBack } from './change.ts'
