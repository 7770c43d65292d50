#!/usr/bin/env node
/** `cloakwright`: exit code 0 when all went well, 1 when something failed, 2 when the command line is wrong. */
import { Command, CommanderError } from 'commander'
import { devrealmCommand } from './commands/devrealm.ts'
import { keycloakCommand } from './commands/keycloak.ts'
import { realmCommand } from './commands/realm.ts'
import { printError } from './output.ts'

const program = new Command('cloakwright')
  .description('Keycloak on a laptop, in tests and as code.')
  .version('0.1.0')
  .exitOverride()
  .showHelpAfterError('(add --help for the options)')
for (const command of [devrealmCommand(), keycloakCommand(), realmCommand()]) {
  // Subcommands do not inherit how the program ends and what it says about a mistake.
  for (const each of [command, ...command.commands]) each.copyInheritedSettings(program)
  program.addCommand(command)
}

try {
  await program.parseAsync()
  process.exit(0)
} catch (error) {
  // Commander printed its own message: help and version end with 0, everything else is a mistake in the usage.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2)
  printError(error)
  process.exit(1)
}
