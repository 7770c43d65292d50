import type { Command } from 'commander'
import { collect, toSeconds } from '../../options/index.ts'

/** `cloakwright token`. */
export function addToken(program: Command): void {
  program
    .command('token')
    .description('Inspect a token.')
    // A token on the command line by mistake is not printed.
    .configureOutput({ outputError: (text, write) => write(text.replaceAll(tokens, 'TOKEN')) })
    .command('explain')
    .description('Check a token and a policy step by step. Never prints the signature.')
    .requiredOption('--issuer <url>', 'issuer URL of the realm: https://HOST/realms/REALM')
    .requiredOption(
      '--audience <name>',
      'expected audience (aud): the name of the service; repeatable',
      collect,
    )
    .option('--token-file <file>', 'file with the token (default: standard input)')
    .option('--role <name>', 'require this realm role; repeatable', collect)
    .option('--client-role <client:role>', 'require this client role; repeatable', collect)
    .option('--scope <name>', 'require this scope; repeatable', collect)
    .option('--group <path>', 'require this group; repeatable', collect)
    .option('--organization <alias>', 'require this organization; repeatable', collect)
    .option('--acr <value>', 'require this authentication level (acr); repeatable, one of them', collect)
    .option('--max-age <seconds>', 'require a sign-in at most this many seconds ago', toSeconds)
    .option('--permission <resource#scope,scope>', 'require this permission; repeatable', collect)
    .option('--policy <module#name>', 'require the policy that a JavaScript module exports')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
All requirements must hold. Permissions are requested from the realm, for the first audience.

Exit codes:
  0  the token is allowed
  1  the token is refused

Example (a token on standard input appears in no process list):
  $ echo "$TOKEN" | cloakwright token explain --issuer https://HOST/realms/REALM --audience NAME`,
    )
    .action(async (options) => (await import('./token-explain.ts')).explain(options))
}

const tokens = /[\w-]{10,}\.[\w-]{10,}\.[\w-]*/g
