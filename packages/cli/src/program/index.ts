/**
 * The whole command line. In: the arguments. Out: the exit code, after all output. Uses commands, connection and
 * terminal; main.ts runs it.
 */

export { createProgram } from './program.ts'
export { runProgram } from './run.ts'
