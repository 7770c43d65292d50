export { loadDefinition } from './definition.ts'
export { readRealms } from './export-file.ts'
