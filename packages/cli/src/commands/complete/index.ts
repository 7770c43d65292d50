import type { Command } from 'commander'
import { examples } from '../../options/index.ts'

/** `cloakwright complete`: completes what was added to the program before it. */
export function addCompletion(program: Command): void {
  examples(
    program
      .command('complete')
      .description('Print a script by which a shell completes commands and options.')
      .argument('<shell>', 'bash, zsh or fish')
      // Behind `--` a shell's script gives the words typed so far.
      .argument('[word...]', 'not for you: what the script asks with'),
    'source <(cloakwright complete bash)',
    'source <(cloakwright complete zsh)',
    'cloakwright complete fish | source',
  ).action(async (shell) => (await import('./shell-completion.ts')).complete(shell, program))
}
