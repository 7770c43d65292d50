export { guarded } from './cells.ts'
export { exportColumns, exportedMembers, toCells } from './columns.ts'
export { noUserNames } from './header.ts'
export { readCsv } from './read-csv.ts'
