import type { Command } from 'commander'
import { connects, examples, reads, timeHelp, toCount, toSeconds } from '../../options/index.ts'

/** `cloakwright events`. */
export function addEvents(program: Command): void {
  const events = examples(
    program
      .command('events')
      .description("See what administrators changed and who signed in, by Keycloak's own events."),
    'cloakwright events list --since yesterday',
    'cloakwright events follow --once --cursor events.cursor | tee -a events.ndjson',
  )
  addList(events)
  addFollow(events)
}

function addList(events: Command): void {
  examples(
    reads(
      events
        .command('list')
        .description('List what administrators did, or with --logins users: when, who, what, from where.')
        .option('--since <time>', 'from this time on: yesterday, 2h, 2026-11-26')
        .option('--until <time>', 'up to this time; of a day, up to its end')
        .option('--logins', 'what users did in place of what administrators did: logins, failures, …')
        .option('--by <name>', 'by this administrator or user: the user name')
        .option('--limit <number>', 'at most so many', toCount),
    ).addHelpText('after', `${timeHelp}\n\nThe realm must record them (Realm settings, Events).`),
    'cloakwright events list --since yesterday',
    'cloakwright events list --logins --since 2h --by alice',
  ).action(async (options) => (await import('./event-list.ts')).list(options))
}

function addFollow(events: Command): void {
  examples(
    connects(
      events
        .command('follow')
        .description('Print events as they come, one JSON object a line, without gap or double.')
        .option('--cursor <file>', 'remember how far it came, and go on from there the next time')
        .option(
          '--from <time>',
          'begin with this time: yesterday, 2h, 2026-11-26 (default: all that is kept)',
        )
        .option('--logins', 'what users did in place of what administrators did: logins, failures, …')
        .option('--once', 'end when all that is there was printed')
        .option('--interval <seconds>', 'between two looks', toSeconds, 2)
        .option('--trail <file>', 'say of each event which entry of this audit trail it belongs to'),
    ).addHelpText(
      'after',
      `${timeHelp}

The realm must record them (Realm settings, Events). The cursor moves when the lines were written: killed in
between, it prints them again. Ends with 0 at Ctrl+C.`,
    ),
    'cloakwright events follow --once --from yesterday',
    'cloakwright events follow --once --cursor events.cursor --trail trail.ndjson >> events.ndjson',
  ).action(async (options) => (await import('./event-follow.ts')).follow(options))
}
