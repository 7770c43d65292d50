export { createProgram } from './program.ts'
export { neededBy } from './required-roles.ts'
