import { type Command, Option } from 'commander'
import { destroys, examples, reads } from '../../options/index.ts'

/** `cloakwright secret`. */
export function addSecret(program: Command): void {
  const secret = examples(
    program.command('secret').description("Rotate a client's secret without an outage; say how old it is."),
    'cloakwright secret status shop-api',
    'cloakwright secret rotate shop-api --file /run/secrets/shop-api',
  )
  addStatus(secret)
  addRotate(secret)
}

function addStatus(secret: Command): void {
  examples(
    reads(
      secret
        .command('status')
        .description("Say how old a client's secret is, and whether it can be rotated without an outage.")
        .argument('<client>', 'the client id'),
    ),
    'cloakwright secret status shop-api --json',
  ).action(async (client, options) => (await import('./secret-rotation.ts')).status(client, options))
}

function addRotate(secret: Command): void {
  examples(
    destroys(
      secret
        .command('rotate')
        .description('Make a new secret, deliver it, prove it at Keycloak, and only then revoke the old one.')
        .argument('<client>', 'the client id')
        .optionsGroup('Where the service gets it from (one of these):')
        .option('--file <file>', 'this file: the secret alone, replaced in one step')
        // Not --env-file: Node 20 takes that for its own, wherever it stands, with the NODE_OPTIONS of the file.
        .option('--environment-file <file>', 'the variable in this file of KEY=value lines; the others stay')
        .option('--variable <name>', 'which variable (with --environment-file)')
        .option('--command <command>', 'the standard input of this shell command, which ends with 0')
        .optionsGroup('How:')
        .option(
          '--prove <command>',
          'a shell command that ends with 0 when the service has it; then the old one goes',
        )
        .option('--keep-old', 'leave the old one alone until its time is over')
        .option('--set-up-policy', 'add what two live secrets need in the realm, for this client alone')
        .option('--allow-downtime', 'also where the old secret ends before the service has the new one')
        .option(
          '--to-private-key',
          'a key of its own in place of a secret (private_key_jwt): nothing is left to rotate',
        )
        .addOption(
          new Option('--algorithm <name>', 'of that key').choices(['ES256', 'PS256', 'RS256', 'EdDSA']),
        )
        .addOption(new Option('--key-format <name>', 'of that key').choices(['jwk', 'pem']))
        .optionsGroup('Options:'),
    ).addHelpText(
      'after',
      `
Stopped or failed after the new secret was made, it says what is accepted now: run the same command again to
resume.`,
    ),
    'cloakwright secret rotate shop-api --file /run/secrets/shop-api',
    "cloakwright secret rotate shop-api --environment-file .env --variable SECRET --prove 'systemctl restart shop-api'",
    "cloakwright secret rotate shop-api --command 'vault kv put -mount=kv shop secret=-'",
    'cloakwright secret rotate shop-api --to-private-key --file /run/secrets/shop-api.jwk',
  ).action(async (client, options) => (await import('./secret-rotation.ts')).rotate(client, options))
}
