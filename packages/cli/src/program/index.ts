/**
 * The command line as a whole. In: the arguments. Out: the exit code, after everything was printed. Uses commands,
 * connection and terminal; main.ts runs it.
 */

export { createProgram } from './program.ts'
export { runProgram } from './run.ts'
