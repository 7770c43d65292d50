export { compareExisting, foreseeEnds, type LeftUnchanged } from './existing-users.ts'
