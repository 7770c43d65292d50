export { type Journal, openJournal, records, reopenJournal } from './journal.ts'
export { type End, isOwn, type JournalRow, openRows } from './journal-records.ts'
export { LineMap } from './outcome-map.ts'
