import {
  type Command,
  type Delivery,
  type MoveStep,
  moveToPrivateKeyJwt,
  type RotationStep,
  readSecretStatus,
  rotateSecret,
  type SecretStatus,
} from '@cloakwright/admin/secrets'
import { CloakwrightError } from 'cloakwright'
import { type ConnectionOptions, connect, connectToWrite, type WriteOptions } from '../../connection/index.ts'
import { UsageError } from '../../exit.ts'
import { abortedBySignals, confirmed, note, printObject } from '../../terminal/index.ts'

interface RotateOptions extends WriteOptions {
  readonly file?: string
  readonly environmentFile?: string
  readonly variable?: string
  readonly command?: string
  readonly prove?: string
  readonly keepOld?: true
  readonly setUpPolicy?: true
  readonly allowDowntime?: true
  readonly toPrivateKey?: true
  readonly algorithm?: 'ES256' | 'PS256' | 'RS256' | 'EdDSA'
  readonly keyFormat?: 'jwk' | 'pem'
}

/** `cloakwright secret status`. */
export async function status(
  client: string,
  options: ConnectionOptions & { readonly json?: true },
): Promise<void> {
  printStatus(await readSecretStatus(connect(options), client), options)
}

/** `cloakwright secret rotate`. */
export async function rotate(client: string, options: RotateOptions): Promise<void> {
  const deliver = toDelivery(options)
  const isMove = options.toPrivateKey === true
  if (options.dryRun === true) return await tryRotation(client, options, isMove)
  // The signal takes effect between two steps.
  const signal = abortedBySignals()
  const admin = connectToWrite(options)
  const question = isMove ? `Replace the secret of ${client} with a key?` : `Rotate the secret of ${client}?`
  await confirmed(`${question} (realm ${admin.realm} at ${admin.server})`, options.yes === true)
  const shared = {
    deliver,
    signal,
    ...(options.prove === undefined ? {} : { proveDelivery: shell(options.prove) }),
  }
  if (isMove) {
    const { algorithm, keyFormat } = options
    const { configuration, provedBy } = await moveToPrivateKeyJwt(admin, client, {
      ...shared,
      onStep: (step) => note(moveSteps[step]),
      ...(algorithm === undefined ? {} : { algorithm }),
      ...(keyFormat === undefined ? {} : { format: keyFormat }),
    })
    return printObject({ ...configuration, provedBy }, options.json === true)
  }
  const { changes: _, ...rotation } = await rotateSecret(admin, client, {
    ...shared,
    onStep: (step) => note(rotationSteps[step]),
    keepOld: options.keepOld === true,
    setUpPolicy: options.setUpPolicy === true,
    allowDowntime: options.allowDowntime === true,
  }).catch((error: unknown) => {
    throw withOptions(error)
  })
  printObject(toTexts({ clientId: client, ...rotation }), options.json === true)
}

/** Printed after each step. */
const rotationSteps: Readonly<Record<RotationStep, string>> = {
  'set up': 'client policy added',
  made: 'new secret created',
  delivered: 'new secret delivered',
  proved: 'new secret tested at Keycloak',
  'taken up': 'new secret in use by the service',
  revoked: 'old secret revoked',
}

const moveSteps: Readonly<Record<MoveStep, string>> = {
  delivered: 'private key delivered',
  switched: 'client switched to the key',
  proved: 'key tested at Keycloak',
  'taken up': 'key in use by the service',
}

/** Prints the status and fails if the rotation would fail. */
async function tryRotation(client: string, options: RotateOptions, isMove: boolean): Promise<void> {
  const status = await readSecretStatus(connect(options), client)
  printStatus(status, options)
  note('Nothing was changed')
  const { authenticator, overlap, oldSecretUntil } = status
  if (authenticator !== 'client-secret') {
    throw new CloakwrightError(
      'CW_ADMIN_REFUSED',
      `The client ${client} authenticates with ${authenticator}, not with client-secret`,
      { hint: 'Choose a client that authenticates with a secret.' },
    )
  }
  const isSafe = overlap.possible || (options.setUpPolicy === true && overlap.missing === 'policy')
  if (isMove || isSafe || options.allowDowntime === true || oldSecretUntil !== undefined) return
  throw withOptions(
    new CloakwrightError(
      'CW_SECRET_OVERLAP_MISSING',
      `The old secret of ${client} would stop working as soon as a new one is created: ${overlap.why}`,
      {
        hint: `${overlap.hint} Or move the client to a private key (moveToPrivateKeyJwt), or accept downtime (allowDowntime).`,
      },
    ),
  )
}

function printStatus(
  { clientId, overlap, ...status }: SecretStatus,
  options: { readonly json?: true },
): void {
  if (options.json === true) return printObject({ clientId, ...status, overlap }, true)
  if (status.authenticator !== 'client-secret') {
    printObject({ clientId, authenticator: status.authenticator }, false)
    return note(`${clientId} does not authenticate with a secret, so there is nothing to rotate`)
  }
  const rotation = overlap.possible
    ? `without downtime: the old secret works for ${overlap.oldLives} s more`
    : `with downtime: the old secret ends at once (${overlap.why})`
  printObject(toTexts({ clientId, ...status, rotation }), false)
  if (overlap.possible) return
  note(
    overlap.missing === 'policy'
      ? 'Add the policy for this client only: cloakwright secret rotate with --set-up-policy'
      : overlap.hint,
  )
}

/** Replaces the names of the toolkit's options in a hint with those of the command line. */
function withOptions(error: unknown): unknown {
  if (!(error instanceof CloakwrightError) || error.code !== 'CW_SECRET_OVERLAP_MISSING') return error
  const hint = (error.hint ?? '')
    .replace('moveToPrivateKeyJwt', '--to-private-key')
    .replace('allowDowntime', '--allow-downtime')
  return new CloakwrightError(error.code, error.message, {
    hint: `${hint} If the feature is on, --set-up-policy adds the policy.`,
    cause: error,
  })
}

function toTexts(value: object): object {
  const texts = Object.entries(value).map(([name, member]: [string, unknown]) => [
    name,
    member instanceof Date ? member.toISOString() : member,
  ])
  return Object.fromEntries(texts) as object
}

function toDelivery({ file, environmentFile, variable, command }: RotateOptions): Delivery {
  const given = [file, environmentFile, command].filter((each) => each !== undefined)
  if (given.length === 1 && (environmentFile === undefined) === (variable === undefined)) {
    if (file !== undefined) return { file }
    if (command !== undefined) return { command: shell(command) }
    if (environmentFile !== undefined && variable !== undefined) return { environmentFile, variable }
  }
  throw new UsageError(
    'Expected one way to deliver the secret',
    'Give --file FILE, --environment-file FILE with --variable NAME, or --command COMMAND',
  )
}

function shell(command: string): Command {
  return process.platform === 'win32' ? ['cmd', '/d', '/s', '/c', command] : ['sh', '-c', command]
}
