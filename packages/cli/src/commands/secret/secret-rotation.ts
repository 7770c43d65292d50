import {
  type Command,
  type Delivery,
  moveToPrivateKeyJwt,
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
  // A step that was begun is finished.
  const signal = abortedBySignals()
  const admin = connectToWrite(options)
  const question = isMove ? `Replace the secret of ${client} by a key?` : `Rotate the secret of ${client}?`
  await confirmed(`${question} (realm ${admin.realm} at ${admin.server})`, options.yes === true)
  const shared = {
    deliver,
    signal,
    onStep: (step: string) => note(`${isMove ? 'key' : 'secret'} ${step}`),
    ...(options.prove === undefined ? {} : { proveDelivery: shell(options.prove) }),
  }
  if (isMove) {
    const { algorithm, keyFormat } = options
    const { configuration, provedBy } = await moveToPrivateKeyJwt(admin, client, {
      ...shared,
      ...(algorithm === undefined ? {} : { algorithm }),
      ...(keyFormat === undefined ? {} : { format: keyFormat }),
    })
    return printObject({ ...configuration, provedBy }, options.json === true)
  }
  const { changes: _, ...rotation } = await rotateSecret(admin, client, {
    ...shared,
    keepOld: options.keepOld === true,
    setUpPolicy: options.setUpPolicy === true,
    allowDowntime: options.allowDowntime === true,
  }).catch((error: unknown) => {
    throw withOptions(error)
  })
  printObject(toTexts({ clientId: client, ...rotation }), options.json === true)
}

/** Says what a rotation would find, and fails where the rotation would: a dry run that ends with 0 is a promise. */
async function tryRotation(client: string, options: RotateOptions, isMove: boolean): Promise<void> {
  const status = await readSecretStatus(connect(options), client)
  printStatus(status, options)
  note('Nothing was changed')
  const { authenticator, overlap, oldSecretUntil } = status
  if (authenticator !== 'client-secret') {
    throw new CloakwrightError(
      'CW_ADMIN_REFUSED',
      `The client ${client} authenticates by ${authenticator}, not by client-secret`,
      { hint: 'Only a client with a secret can be given another one, or a key.' },
    )
  }
  const isSafe = overlap.possible || (options.setUpPolicy === true && overlap.missing === 'policy')
  if (isMove || isSafe || options.allowDowntime === true || oldSecretUntil !== undefined) return
  throw withOptions(
    new CloakwrightError(
      'CW_SECRET_OVERLAP_MISSING',
      `The old secret of ${client} would end the moment a new one is made: ${overlap.why}`,
      {
        hint: `${overlap.hint} Or move the client to a key, which is never sent (moveToPrivateKeyJwt), or accept a gap (allowDowntime).`,
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
    return note(`${clientId} does not use its secret: there is none to rotate`)
  }
  const answer = overlap.possible
    ? `two live secrets, the old one for ${overlap.oldLives} s`
    : `the old secret would end at once: ${overlap.why}`
  printObject(toTexts({ clientId, ...status, rotation: answer }), false)
  if (overlap.possible) return
  note(
    overlap.missing === 'policy'
      ? 'To add the policy for this client alone: cloakwright secret rotate with --set-up-policy'
      : overlap.hint,
  )
}

/** The toolkit names what a program would pass: here these are options. */
function withOptions(error: unknown): unknown {
  if (!(error instanceof CloakwrightError) || error.code !== 'CW_SECRET_OVERLAP_MISSING') return error
  const hint = (error.hint ?? '')
    .replace('moveToPrivateKeyJwt', '--to-private-key')
    .replace('allowDowntime', '--allow-downtime')
  return new CloakwrightError(error.code, error.message, {
    hint: `${hint} With the feature on, --set-up-policy adds the policy.`,
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
    'Where does the service get its secret from?',
    'Give one of --file FILE, --environment-file FILE with --variable NAME, or --command COMMAND',
  )
}

function shell(command: string): Command {
  return process.platform === 'win32' ? ['cmd', '/d', '/s', '/c', command] : ['sh', '-c', command]
}
