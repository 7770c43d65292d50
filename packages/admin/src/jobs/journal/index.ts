export { type Journal, openJournal, records, reopenJournal } from './journal.ts'
export { type End, isOwn, type JournalRow, type Outcome, openRows } from './journal-records.ts'
export { OutcomeMap } from './outcome-map.ts'
