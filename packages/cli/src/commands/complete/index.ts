import type { Command } from 'commander'
import { examples } from '../../options/index.ts'

/** `cloakwright complete`. It completes the commands added to the program before it. */
export function addCompletion(program: Command): void {
  examples(
    program
      .command('complete')
      .description('Print a shell script that completes commands and options.')
      .argument('<shell>', 'bash, zsh or fish')
      // The script passes the words typed so far after `--`.
      .argument('[word...]', 'used only by the script'),
    'source <(cloakwright complete bash)',
    'source <(cloakwright complete zsh)',
    'cloakwright complete fish | source',
  ).action(async (shell) => (await import('./shell-completion.ts')).complete(shell, program))
}
