/** `cloakwright`. The exit codes are in exit.ts. */
import { exitCode } from './exit.ts'
import { runProgram } from './program/index.ts'

let failing: Promise<never> | undefined

// EPIPE: the next program of a pipe has exited, as in `cloakwright users list | head`.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? exitCode.done)
    if (stream === process.stderr) process.exit(exitCode.failed)
    failing ??= fail(Object.assign(error, { path: 'standard output' }))
  })
}
// Errors outside of any await, such as in an event of a stream.
process.on('uncaughtException', (error) => {
  failing ??= fail(error)
})

const code = await runProgram(process.argv.slice(2))
await Promise.all([taken(process.stdout), taken(process.stderr)])
await failing
process.exit(code)

/** Prints an error from outside the command, and exits. */
async function fail(error: unknown): Promise<never> {
  const { printError } = await import('./terminal/index.ts')
  printError(error)
  process.exit(exitCode.failed)
}

/**
 * Resolves when a slower reader has received all output: `exit` would drop what a full pipe has not accepted yet. An error
 * of the stream is reported just after.
 */
function taken(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => setImmediate(resolve)))
}
