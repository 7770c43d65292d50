export { importRows } from './import-rows.ts'
export { createNameClash, foreignAddress, foreignName } from './name-clashes.ts'
export { foreignEmail, foreignId } from './single-user.ts'
