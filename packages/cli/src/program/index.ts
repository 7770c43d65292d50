/**
 * The command line as a whole. In: nothing. Out: the program with all commands, and the roles that each needs. Uses
 * commands; main.ts runs it.
 */

export { createProgram } from './program.ts'
export { neededBy } from './required-roles.ts'
