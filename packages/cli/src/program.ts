import { Command } from 'commander'
import { addAudit } from './program/audit.ts'
import { addCompletion } from './program/completion.ts'
import { addEvents } from './program/events.ts'
import { everydayHelp } from './program/everyday.ts'
import { addGroups } from './program/groups.ts'
import { addDevrealm, addKeycloak } from './program/local.ts'
import { addRealm } from './program/realm.ts'
import { addRequiredRoles } from './program/required-roles.ts'
import { addRoles } from './program/roles.ts'
import { addSecret } from './program/secret.ts'
import { addSessions } from './program/sessions.ts'
import { addToken } from './program/token.ts'
import { addUsers } from './program/users.ts'

/** The commands. Each loads what it needs when it runs: help and a mistyped option answer at once. */
export function createProgram(): Command {
  // What `command()` makes inherits how the program ends and what it says about a mistake.
  const program = new Command('cloakwright')
    .description('Keycloak on a laptop, in tests, as code, and its users, roles and groups at scale.')
    .version('0.1.0')
    .exitOverride()
    .showHelpAfterError('(add --help for the options)')
    .addHelpText('after', everydayHelp)
  program.commandsGroup('A Keycloak on this machine:')
  addDevrealm(program)
  addKeycloak(program)
  program.commandsGroup('A realm, its users and secrets:')
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
