import { Command } from 'commander'
import {
  addAudit,
  addCompletion,
  addDevrealm,
  addEvents,
  addGroups,
  addKeycloak,
  addRealm,
  addRoles,
  addSecret,
  addSessions,
  addToken,
  addUsers,
} from '../commands/index.ts'
import { everydayHelp } from './everyday.ts'
import { addRequiredRoles } from './required-roles.ts'

/** Creates the program. Each command loads its code when it runs, so help and usage errors are fast. */
export function createProgram(): Command {
  // Commands made by `command()` inherit exitOverride and showHelpAfterError.
  const program = new Command('cloakwright')
    .description('Run Keycloak locally, define realms as code, and manage users, roles and groups.')
    .version('0.1.0')
    .exitOverride()
    .showHelpAfterError('(run with --help to list the options)')
    .addHelpText('after', everydayHelp)
  program.commandsGroup('Local Keycloak:')
  addDevrealm(program)
  addKeycloak(program)
  program.commandsGroup('Realms, users and secrets:')
  addRealm(program)
  addUsers(program)
  addRoles(program)
  addGroups(program)
  addSessions(program)
  addSecret(program)
  program.commandsGroup('More:')
  addAudit(program)
  addEvents(program)
  addToken(program)
  addCompletion(program)
  addRequiredRoles(program)
  return program
}
