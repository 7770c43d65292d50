export { readDefaultRole } from './default-role.ts'
export { readExport } from './read-export.ts'
export { type Candidate, readNdjson } from './read-ndjson.ts'
