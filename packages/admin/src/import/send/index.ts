export { importRows } from './import-rows.ts'
export { createNameClash, foreignAddress, foreignName, type NameClash } from './name-clashes.ts'
export { foreignEmail, foreignId } from './single-user.ts'
