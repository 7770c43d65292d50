import { type Command, Option } from 'commander'
import { examples, userArgument, writes } from '../../options/index.ts'

/** `cloakwright users reset-password`. */
export function addResetPassword(users: Command): void {
  examples(
    writes(
      users
        .command('reset-password')
        .description("Reset a user's password: set another one, whatever it was before.")
        .argument(...userArgument)
        .optionsGroup('The password (typed unseen on a terminal, else one line of standard input), or:')
        .option('--password-file <file>', 'the password in this file')
        .addOption(
          new Option('--generate', 'a random one that meets the password policy').conflicts('passwordFile'),
        )
        .option('--out <file>', 'write the generated one to this new file, readable by you alone')
        .optionsGroup('How:')
        .option('--temporary', 'the user must choose another one at the next login')
        .option('--end-sessions', 'sign the user out everywhere: sessions and offline tokens end')
        .optionsGroup('Options:'),
    ),
    'cloakwright users reset-password alice@example.com --temporary --end-sessions',
    'cloakwright users reset-password alice --generate --temporary',
    'cloakwright users reset-password alice --generate --out alice.password',
    'cloakwright users reset-password alice --password-file alice.password',
  ).action(async (user, options) => (await import('./reset-password.ts')).reset(user, options))
}
