import { type Command, Option } from 'commander'
import { examples, userArgument, writes } from '../../options/index.ts'

/** `cloakwright users reset-password`. */
export function addResetPassword(users: Command): void {
  examples(
    writes(
      users
        .command('reset-password')
        .description("Reset a user's password.")
        .argument(...userArgument)
        .optionsGroup('New password (default: a prompt on a terminal, else a line of standard input):')
        .option('--password-file <file>', 'file with the password')
        .addOption(
          new Option('--generate', 'generate a random password that meets the password policy').conflicts(
            'passwordFile',
          ),
        )
        .option('--out <file>', 'new file for the generated password, readable only by you')
        .optionsGroup('Options:')
        .option('--temporary', 'the user must change the password at the next sign-in')
        .option('--end-sessions', 'sign the user out everywhere: end sessions and offline tokens'),
    ),
    'cloakwright users reset-password alice@example.com --temporary --end-sessions',
    'cloakwright users reset-password alice --generate --temporary',
    'cloakwright users reset-password alice --generate --out alice.password',
    'cloakwright users reset-password alice --password-file alice.password',
  ).action(async (user, options) => (await import('./reset-password.ts')).reset(user, options))
}
