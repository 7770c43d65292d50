import type { Command } from 'commander'
import { toSeconds } from '../arguments.ts'
import { connects, examples } from './options.ts'

/** `cloakwright events`. */
export function addEvents(program: Command): void {
  const events = examples(
    program.command('events').description("Keycloak's own record of what administrators and users did."),
    'cloakwright events follow --cursor events.cursor | tee -a events.ndjson',
  )

  examples(
    connects(
      events
        .command('follow')
        .description('Print events as they come, one JSON object a line, without gap or double.')
        .option('--cursor <file>', 'remember how far it came, and go on from there the next time')
        .option('--from <time>', 'begin with this time: 2026-11-26T09:00:00Z (default: all that is kept)')
        .option('--logins', 'what users did in place of what administrators did: logins, failures, …')
        .option('--once', 'end when all that is there was printed')
        .option('--interval <seconds>', 'between two looks', toSeconds, 2)
        .option('--trail <file>', 'say of each event which entry of this audit trail it belongs to'),
    ).addHelpText(
      'after',
      `
The realm must record them (Realm settings, Events). The cursor moves when the lines were written: killed in
between, it prints them again. Ends with 0 at Ctrl+C.`,
    ),
    'cloakwright events follow --once --from 2026-11-26T00:00:00Z',
    'cloakwright events follow --cursor events.cursor --trail trail.ndjson >> events.ndjson',
  ).action(async (options) => (await import('../commands/events.ts')).follow(options))
}
