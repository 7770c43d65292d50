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
    // Commander printed its own message: help and version end with 0, everything else is a mistake in the usage.
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
      if (account !== undefined) note(`Asked as ${account}`)
    }
    if (codeOf(error) === 'CW_ADMIN_FORBIDDEN' && running !== undefined) {
      const needed = neededBy(running)
      if (needed !== undefined) note(needed)
    }
    if (codeOf(error) === 'CW_ADMIN_NOT_FOUND') {
      const { isRealmByDefault } = await import('../connection/index.ts')
      if (isRealmByDefault()) note('The realm is the default one: --realm or KEYCLOAK_REALM names another')
    }
    return error instanceof UsageError ? exitCode.usage : exitCode.failed
  }
}

/** Variables of an application may be taken for those of an operator. */
function isAboutAccount(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'CW_ADMIN_UNAUTHORIZED' || code === 'CW_ADMIN_FORBIDDEN'
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
