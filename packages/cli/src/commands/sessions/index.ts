import type { Command } from 'commander'
import { destroys, examples, reads, userHelp } from '../../options/index.ts'

/** `cloakwright sessions`. */
export function addSessions(program: Command): void {
  const sessions = examples(
    program.command('sessions').description('List who is signed in; sign a user out.'),
    'cloakwright sessions list --user alice',
    'cloakwright sessions end alice',
  )

  examples(
    reads(
      sessions
        .command('list')
        .description('List the sessions of a user, or at a client: id, user, address, times.')
        .option('--user <user>', `of this user: ${userHelp}`)
        .option('--client <id>', 'at this client'),
    ),
    'cloakwright sessions list --user alice',
    'cloakwright sessions list --client shop-api --json',
  ).action(async (options) => (await import('./sessions.ts')).list(options))

  examples(
    destroys(
      sessions
        .command('end')
        .description('End all sessions of a user, or one: whoever is logged in has to log in again.')
        .argument('[user]', userHelp)
        .option('--session <id>', 'this session only'),
    ),
    'cloakwright sessions end alice --yes',
    'cloakwright sessions end --session 7b8f2d0e-5d4c-4a57-8f4b-2f6f0f1c9a3e --yes',
  ).action(async (user, options) => (await import('./sessions.ts')).end(user, options))
}
