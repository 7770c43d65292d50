/** `cloakwright`; exit.ts says what it ends with. */
import { exitCode } from './exit.ts'
import { runProgram } from './program/index.ts'

let failing: Promise<never> | undefined

// The next program of a pipe needs no more of it: `cloakwright users list | head`.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? exitCode.done)
    if (stream === process.stderr) process.exit(exitCode.failed)
    failing ??= fail(Object.assign(error, { path: 'standard output' }))
  })
}
// What fails where nobody waits for it, such as an event of a stream.
process.on('uncaughtException', (error) => {
  failing ??= fail(error)
})

const code = await runProgram(process.argv.slice(2))
await Promise.all([taken(process.stdout), taken(process.stderr)])
await failing
process.exit(code)

/** Ends the program with an error that came while it ran. */
async function fail(error: unknown): Promise<never> {
  const { printError } = await import('./terminal/index.ts')
  printError(error)
  process.exit(exitCode.failed)
}

/**
 * Resolves when a reader slower than us has all that was written: `exit` drops what a full pipe did not take yet. An error
 * of the stream is told just after.
 */
function taken(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => setImmediate(resolve)))
}
