import type { Command } from 'commander'
import { collect, toSeconds } from '../../options/index.ts'

/** `cloakwright token`. */
export function addToken(program: Command): void {
  program
    .command('token')
    .description('Look into a token.')
    // A token that is given by mistake is not repeated.
    .configureOutput({ outputError: (text, write) => write(text.replaceAll(tokens, 'TOKEN')) })
    .command('explain')
    .description('Say step by step what a verifier, and a policy, say of a token; never its signature.')
    .requiredOption('--issuer <url>', "the realm's public address: https://HOST/realms/REALM")
    .requiredOption('--audience <name>', 'what the service is called in `aud`; repeatable', collect)
    .option('--token-file <file>', 'where the token is (default: standard input)')
    .option('--role <name>', 'needs the realm role; repeatable', collect)
    .option('--client-role <client:role>', "needs the client's role; repeatable", collect)
    .option('--scope <name>', 'needs the scope; repeatable', collect)
    .option('--group <path>', 'needs the group; repeatable', collect)
    .option('--organization <alias>', 'needs the organization; repeatable', collect)
    .option('--acr <value>', 'needs a login of this class; repeatable: of one of these', collect)
    .option('--max-age <seconds>', 'needs a login at most so long ago', toSeconds)
    .option('--permission <resource#scope,scope>', 'needs the permission; repeatable', collect)
    .option('--policy <module#name>', 'needs the policy that a JavaScript module exports')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      `
All that is given must hold. Permissions are asked of the realm, of the first audience's authorization settings.
Ends with 0 where the token is allowed, with 1 where it is refused.

Example (the token is read from standard input, so that no process list shows it):
  $ echo "$TOKEN" | cloakwright token explain --issuer https://HOST/realms/REALM --audience NAME`,
    )
    .action(async (options) => (await import('./token-explain.ts')).explain(options))
}

const tokens = /[\w-]{10,}\.[\w-]{10,}\.[\w-]*/g
