/** `cloakwright`; exit.ts says what it ends with. */
import { type Command, CommanderError } from 'commander'
import { exitCode, Interrupted, UsageError } from './exit.ts'
import { createProgram, neededBy } from './program/index.ts'

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

const code = await run()
await Promise.all([taken(process.stdout), taken(process.stderr)])
await failing
process.exit(code)

async function run(): Promise<number | string> {
  let running: Command | undefined
  try {
    const program = createProgram()
    program.hook('preAction', (_, command) => {
      running = command
    })
    await program.parseAsync()
    return process.exitCode ?? exitCode.done
  } catch (error) {
    // Commander printed its own message: help and version end with 0, everything else is a mistake in the usage.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage
    const { note, printError } = await import('./terminal/index.ts')
    if (error instanceof Interrupted) {
      note(error.message)
      return exitCode.interrupted
    }
    printError(error)
    if (isAboutAccount(error)) {
      const { chosenAccount } = await import('./connection/index.ts')
      const account = chosenAccount()
      if (account !== undefined) note(`Asked as ${account}`)
    }
    if (codeOf(error) === 'CW_ADMIN_FORBIDDEN' && running !== undefined) {
      const needed = neededBy(running)
      if (needed !== undefined) note(needed)
    }
    if (codeOf(error) === 'CW_ADMIN_NOT_FOUND') {
      const { isRealmByDefault } = await import('./connection/index.ts')
      if (isRealmByDefault()) note('The realm is the default one: --realm or KEYCLOAK_REALM names another')
    }
    return error instanceof UsageError ? exitCode.usage : exitCode.failed
  }
}

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

/** Variables of an application may be taken for those of an operator. */
function isAboutAccount(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'CW_ADMIN_UNAUTHORIZED' || code === 'CW_ADMIN_FORBIDDEN'
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
