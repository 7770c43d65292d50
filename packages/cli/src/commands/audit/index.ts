import type { Command } from 'commander'
import { examples, timeHelp } from '../../options/index.ts'

/** `cloakwright audit`. */
export function addAudit(program: Command): void {
  const audit = examples(
    program
      .command('audit')
      .description('See what was changed by these commands, by whom and why (--audit, CLOAKWRIGHT_AUDIT).'),
    'cloakwright audit list trail.ndjson --since yesterday',
    'cloakwright audit verify trail.ndjson',
  )

  examples(
    audit
      .command('list')
      .description('List what was changed: when, who, what, before and after, why.')
      .argument('[file]', 'the trail (default: CLOAKWRIGHT_AUDIT)')
      .option('--since <time>', 'from this time on: yesterday, 2h, 2026-11-26')
      .option('--until <time>', 'up to this time; of a day, up to its end')
      .option('--by <name>', 'made by this person or account')
      .option('--user <user>', 'made to this user: the user name, or id:ID')
      .option('--json', 'for programs: one entry a line')
      .addHelpText('after', timeHelp),
    'cloakwright audit list trail.ndjson --since yesterday',
    'cloakwright audit list trail.ndjson --since yesterday --until yesterday --user bob',
    "cloakwright audit list trail.ndjson --since 30d --json | jq -r '.name'",
  ).action(async (file, options) => (await import('./audit-list.ts')).list(file, options))

  examples(
    audit
      .command('verify')
      .description('Say whether anything in a trail was removed, changed, reordered or cut off.')
      .argument('[file]', 'the trail (default: CLOAKWRIGHT_AUDIT)')
      .option(
        '--heads <file>',
        'heads that were kept elsewhere (CLOAKWRIGHT_AUDIT_HEADS): shows also a cut end',
      )
      .option('--json', 'for programs: one JSON document')
      .addHelpText('after', '\nEnds with 0 where the trail is whole, with 1 where it is not.'),
    'cloakwright audit verify trail.ndjson --heads /mnt/vault/heads',
  ).action(async (file, options) => (await import('./audit-verify.ts')).verify(file, options))
}
