export { type Journal, openJournal, records, reopenJournal } from './journal.ts'
export { type End, type Inverse, isOwn, type JournalRow, openRows } from './journal-records.ts'
export { LineMap } from './outcome-map.ts'
