import { type Command, Option } from 'commander'
import { destroys, examples, reads } from '../../options/index.ts'

/** `cloakwright secret`. */
export function addSecret(program: Command): void {
  const secret = examples(
    program.command('secret').description("Rotate a client's secret without downtime, show its age."),
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
        .description("Show the age of a client's secret, and whether it can be rotated without downtime.")
        .argument('<client>', 'client id'),
    ),
    'cloakwright secret status shop-api --json',
  ).action(async (client, options) => (await import('./secret-rotation.ts')).status(client, options))
}

function addRotate(secret: Command): void {
  examples(
    destroys(
      secret
        .command('rotate')
        .description('Create a new secret, deliver it, test it at Keycloak, then revoke the old one.')
        .argument('<client>', 'client id')
        .optionsGroup('Delivery to the service (one of these):')
        .option('--file <file>', 'write only the secret to this file, atomically')
        // Not --env-file: Node 20 reads that option itself, wherever it stands, and applies the file's NODE_OPTIONS.
        .option(
          '--environment-file <file>',
          'set --variable in this file of KEY=value lines, keep the others',
        )
        .option('--variable <name>', 'name of the variable (with --environment-file)')
        .option(
          '--command <command>',
          'shell command that reads the secret from standard input and exits with 0',
        )
        .optionsGroup('Rotation:')
        .option(
          '--prove <command>',
          'shell command that exits with 0 when the service has the new secret; then the old one is revoked',
        )
        .option('--keep-old', 'keep the old secret until it expires')
        .option('--set-up-policy', 'add the client policy that two live secrets need, for this client only')
        .option('--allow-downtime', 'rotate even if the old secret ends before the service has the new one')
        .option(
          '--to-private-key',
          'replace the secret with a private key (private_key_jwt), which is never sent',
        )
        .addOption(
          new Option('--algorithm <name>', 'algorithm of the key (default: ES256)').choices([
            'ES256',
            'PS256',
            'RS256',
            'EdDSA',
          ]),
        )
        .addOption(
          new Option('--key-format <name>', 'format of the key (default: jwk)').choices(['jwk', 'pem']),
        )
        .optionsGroup('Options:'),
    ).addHelpText(
      'after',
      `
If it stops or fails after the new secret was created, it reports which secrets are accepted.
Run the same command again to resume.`,
    ),
    'cloakwright secret rotate shop-api --file /run/secrets/shop-api',
    'cloakwright secret rotate shop-api --environment-file .env --variable SECRET',
    "cloakwright secret rotate shop-api --file shop-api.secret --prove 'systemctl restart shop-api'",
    "cloakwright secret rotate shop-api --command 'vault kv put -mount=kv shop secret=-'",
    'cloakwright secret rotate shop-api --to-private-key --file /run/secrets/shop-api.jwk',
  ).action(async (client, options) => (await import('./secret-rotation.ts')).rotate(client, options))
}
