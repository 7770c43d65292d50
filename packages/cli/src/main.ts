/** `cloakwright`; exit.ts says what it ends with. */
import { CommanderError } from 'commander'
import { exitCode, Interrupted, UsageError } from './exit.ts'
import { createProgram } from './program.ts'

// The next program of a pipe needs no more of it: `cloakwright users list | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? exitCode.done)
  process.stderr.write(`error: standard output can't be written (${error.code})\n`)
  process.exit(exitCode.failed)
})

const code = await run()
await Promise.all([taken(process.stdout), taken(process.stderr)])
process.exit(code)

async function run(): Promise<number | string> {
  try {
    await createProgram().parseAsync()
    return process.exitCode ?? exitCode.done
  } catch (error) {
    // Commander printed its own message: help and version end with 0, everything else is a mistake in the usage.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage
    const { note, printError } = await import('./output.ts')
    if (error instanceof Interrupted) {
      note(error.message)
      return exitCode.interrupted
    }
    printError(error)
    if (isAboutAccount(error)) {
      const { chosenAccount } = await import('./connection.ts')
      const account = chosenAccount()
      if (account !== undefined) note(`Asked as ${account}`)
    }
    if (codeOf(error) === 'CW_ADMIN_NOT_FOUND') {
      const { isRealmByDefault } = await import('./connection.ts')
      if (isRealmByDefault()) note('The realm is the default one: --realm or KEYCLOAK_REALM names another')
    }
    return error instanceof UsageError ? exitCode.usage : exitCode.failed
  }
}

/** Resolves when a reader slower than us has all that was written: `exit` drops what a full pipe did not take yet. */
function taken(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()))
}

/** Variables of an application may be taken for those of an operator. */
function isAboutAccount(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'CW_ADMIN_UNAUTHORIZED' || code === 'CW_ADMIN_FORBIDDEN'
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
