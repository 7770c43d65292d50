import type { Command } from 'commander'
import { examples, timeHelp } from '../../options/index.ts'

/** `cloakwright audit`. */
export function addAudit(program: Command): void {
  const audit = examples(
    program
      .command('audit')
      .description('List the changes in an audit trail (--audit, CLOAKWRIGHT_AUDIT), verify the trail.'),
    'cloakwright audit list trail.ndjson --since yesterday',
    'cloakwright audit verify trail.ndjson',
  )

  examples(
    audit
      .command('list')
      .description('List changes: time, person, change, values before and after, reason.')
      .argument('[file]', 'trail (default: CLOAKWRIGHT_AUDIT)')
      .option('--since <time>', 'start time, such as yesterday, 2h or 2026-11-26')
      .option('--until <time>', 'end time; for a day, the end of that day')
      .option('--by <name>', 'only changes by this person or account')
      .option('--user <user>', 'only changes to this user: user name or id:ID')
      .option('--json', 'print JSON: one entry per line')
      .addHelpText('after', timeHelp),
    'cloakwright audit list trail.ndjson --since yesterday',
    'cloakwright audit list trail.ndjson --since yesterday --until yesterday --user bob',
    "cloakwright audit list trail.ndjson --since 30d --json | jq -r '.name'",
  ).action(async (file, options) => (await import('./audit-list.ts')).list(file, options))

  examples(
    audit
      .command('verify')
      .description('Check whether entries of a trail were removed, changed, reordered or truncated.')
      .argument('[file]', 'trail (default: CLOAKWRIGHT_AUDIT)')
      .option(
        '--heads <file>',
        'chain heads (the file of CLOAKWRIGHT_AUDIT_HEADS), to detect a truncated trail',
      )
      .option('--json', 'print one JSON document')
      .addHelpText('after', '\nExit codes:\n  0  the trail is intact\n  1  the trail is not intact'),
    'cloakwright audit verify trail.ndjson --heads /mnt/vault/heads',
  ).action(async (file, options) => (await import('./audit-verify.ts')).verify(file, options))
}
