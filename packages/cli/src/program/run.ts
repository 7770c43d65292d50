import { type Command, CommanderError } from 'commander'
import { exitCode, Interrupted, UsageError } from '../exit.ts'
import { createProgram } from './program.ts'
import { neededBy } from './required-roles.ts'

/** Runs a command line, prints its error if it fails, and resolves to the exit code. */
export async function runProgram(args: readonly string[]): Promise<number | string> {
  let running: Command | undefined
  try {
    const program = createProgram()
    program.hook('preAction', (_, command) => {
      running = command
    })
    await program.parseAsync([...args], { from: 'user' })
    return process.exitCode ?? exitCode.done
  } catch (error) {
    // Commander has printed its own message. Help and version exit with 0, everything else is a usage error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage
    const { note, printError } = await import('../terminal/index.ts')
    if (error instanceof Interrupted) {
      note(error.message)
      return exitCode.interrupted
    }
    printError(error)
    if (isAboutAccount(error)) {
      const { chosenAccount } = await import('../connection/index.ts')
      const account = chosenAccount()
      if (account !== undefined) note(`Credentials used: ${account}`)
    }
    if (codeOf(error) === 'CW_ADMIN_FORBIDDEN' && running !== undefined) {
      const needed = neededBy(running)
      if (needed !== undefined) note(needed)
    }
    if (codeOf(error) === 'CW_ADMIN_NOT_FOUND') {
      const { isRealmByDefault } = await import('../connection/index.ts')
      if (isRealmByDefault()) note('This is the default realm. Select another with --realm or KEYCLOAK_REALM')
    }
    return error instanceof UsageError ? exitCode.usage : exitCode.failed
  }
}

/** Whether the credentials may be the wrong ones, such as those of an application. */
function isAboutAccount(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'CW_ADMIN_UNAUTHORIZED' || code === 'CW_ADMIN_FORBIDDEN'
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
