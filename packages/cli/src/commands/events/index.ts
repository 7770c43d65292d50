import type { Command } from 'commander'
import { connects, examples, reads, timeHelp, toCount, toSeconds } from '../../options/index.ts'

const loginsOption = [
  '--logins',
  'user events instead of administrator events: logins, failed logins, …',
] as const

/** `cloakwright events`. */
export function addEvents(program: Command): void {
  const events = examples(
    program
      .command('events')
      .description("List and follow Keycloak's own events: administrator changes and user logins."),
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
        .description('List administrator events, or user events with --logins.')
        .option('--since <time>', 'start time, such as yesterday, 2h or 2026-11-26')
        .option('--until <time>', 'end time; for a day, the end of that day')
        .option(...loginsOption)
        .option('--by <name>', 'only events of this administrator or user (user name)')
        .option('--limit <number>', 'maximum number of events (default: all)', toCount),
    ).addHelpText('after', `${timeHelp}\n\nThe realm must record events (Realm settings, Events).`),
    'cloakwright events list --since yesterday',
    'cloakwright events list --logins --since 2h --by alice',
  ).action(async (options) => (await import('./event-list.ts')).list(options))
}

function addFollow(events: Command): void {
  examples(
    connects(
      events
        .command('follow')
        .description('Print events as they arrive, one JSON object per line, without gaps or duplicates.')
        .option('--cursor <file>', 'file that stores the position, to resume from there')
        .option('--from <time>', 'start time, such as yesterday or 2h (default: all stored events)')
        .option(...loginsOption)
        .option('--once', 'exit after the stored events')
        .option('--interval <seconds>', 'seconds between two requests', toSeconds, 2)
        .option('--trail <file>', 'add the matching entries of this audit trail to each event'),
    ).addHelpText(
      'after',
      `${timeHelp}

The realm must record events (Realm settings, Events). The cursor is stored after the lines are
written. If the program is killed in between, it prints them again. Ctrl+C exits with 0.`,
    ),
    'cloakwright events follow --once --from yesterday',
    'cloakwright events follow --once --cursor events.cursor --trail trail.ndjson >> events.ndjson',
  ).action(async (options) => (await import('./event-follow.ts')).follow(options))
}
