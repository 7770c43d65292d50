import type { Command } from 'commander'
import { examples } from './options.ts'

/** `cloakwright audit`. */
export function addAudit(program: Command): void {
  const audit = examples(
    program.command('audit').description('The trail of what was changed (--audit, CLOAKWRIGHT_AUDIT).'),
    'cloakwright audit verify trail.ndjson',
  )

  examples(
    audit
      .command('verify')
      .description('Say whether anything in a trail was removed, changed, reordered or cut off.')
      .argument('<file>', 'the trail')
      .option(
        '--heads <file>',
        'heads that were kept elsewhere (CLOAKWRIGHT_AUDIT_HEADS): shows also a cut end',
      )
      .option('--json', 'for programs: one JSON document')
      .addHelpText('after', '\nEnds with 0 where the trail is whole, with 1 where it is not.'),
    'cloakwright audit verify trail.ndjson --heads /mnt/vault/heads',
  ).action(async (file, options) => (await import('../commands/audit.ts')).verify(file, options))
}
