export { type Journal, openJournal, reopenJournal } from './journal.ts'
export { type End, isOwn, type JournalRow, type Outcome, openRows } from './journal-records.ts'
export { OutcomeMap } from './outcome-map.ts'
export { records } from './read-journal.ts'
