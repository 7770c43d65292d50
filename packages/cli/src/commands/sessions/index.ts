import type { Command } from 'commander'
import { destroys, examples, reads, userHelp } from '../../options/index.ts'

/** `cloakwright sessions`. */
export function addSessions(program: Command): void {
  const sessions = examples(
    program.command('sessions').description('List sessions, sign users out.'),
    'cloakwright sessions list --user alice',
    'cloakwright sessions end alice',
  )

  examples(
    reads(
      sessions
        .command('list')
        .description('List the sessions of a user or a client: id, user, IP address, times.')
        .option('--user <user>', userHelp)
        .option('--client <id>', 'client id'),
    ),
    'cloakwright sessions list --user alice',
    'cloakwright sessions list --client shop-api --json',
  ).action(async (options) => (await import('./sessions.ts')).list(options))

  examples(
    destroys(
      sessions
        .command('end')
        .description('End all sessions of a user, or one session. The user must sign in again.')
        .argument('[user]', userHelp)
        .option('--session <id>', 'id of one session to end, instead of all of a user'),
    ),
    'cloakwright sessions end alice --yes',
    'cloakwright sessions end --session 7b8f2d0e-5d4c-4a57-8f4b-2f6f0f1c9a3e --yes',
  ).action(async (user, options) => (await import('./sessions.ts')).end(user, options))
}
