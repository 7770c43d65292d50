/** `cloakwright`: exit code 0 when all went well, 1 when something failed or was refused, 2 when the command line is wrong. */
import { CommanderError } from 'commander'
import { createProgram } from './program.ts'

try {
  await createProgram().parseAsync()
  process.exit(process.exitCode ?? 0)
} catch (error) {
  // Commander printed its own message: help and version end with 0, everything else is a mistake in the usage.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2)
  const { printError } = await import('./output.ts')
  printError(error)
  process.exit(1)
}
