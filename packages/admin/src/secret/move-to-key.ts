import { CloakwrightError } from 'cloakwright'
import type { Change } from '../changes/index.ts'
import { type Admin, clientToTakeBack, realmUrl } from '../client/index.ts'
import { runSteps } from '../edit/index.ts'
import { type Known, requireKnown } from '../fields/index.ts'
import { type KeySettings, newKey, settingsOf, settingsStep, settingsWithKey } from './client-key.ts'
import { type Command, checkDelivery, confirm, type Delivery, deliver } from './delivery.ts'
import type { Client } from './policies.ts'
import { type ProvedBy, prove } from './proof.ts'
import { readState, requireAuthenticator, requireNoDryRun } from './state.ts'
import { step } from './unfinished.ts'

/** Options of {@link moveToPrivateKeyJwt}. */
export interface MoveToKeyOptions {
  /** How the private key gets to the service. It goes nowhere else: Keycloak gets the public half. */
  readonly deliver: Delivery
  /** Default: ES256, whose keys are short. */
  readonly algorithm?: 'ES256' | 'PS256' | 'RS256' | 'EdDSA'
  /** A JWK in one line, which names itself and its algorithm, or PEM (PKCS #8). Default: jwk. */
  readonly format?: 'jwk' | 'pem'
  /**
   * Brings the service over to its key and says whether it works, after Keycloak has been: a command that exits with 0, or a
   * function that resolves. If it fails, the client is given its secret back. Default: none.
   */
  readonly proveDelivery?: Command | (() => void | Promise<void>)
  /** The realm's issuer, where Keycloak's public address is another than the administrator's. */
  readonly audience?: string
  /** Hears of each step when it is done. */
  readonly onStep?: (step: MoveStep) => void
  /** Stops before the next step; changes made so far are undone. */
  readonly signal?: AbortSignal
}

const known: Known<MoveToKeyOptions> = {
  deliver: true,
  algorithm: true,
  format: true,
  proveDelivery: true,
  audience: true,
  onStep: true,
  signal: true,
}

export type MoveStep = 'delivered' | 'switched' | 'proved' | 'taken up'

/** What {@link moveToPrivateKeyJwt} did, and how the service has to be configured from now on. */
export interface MoveToKey {
  readonly changes: readonly Change[]
  readonly provedBy: ProvedBy
  readonly configuration: {
    readonly clientId: string
    /** The client authentication method, by its registered name (RFC 7591, OpenID Connect Core section 9). */
    readonly method: 'private_key_jwt'
    readonly tokenEndpoint: string
    /** What the assertion's `aud` has to be: this alone. */
    readonly audience: string
    readonly algorithm: string
    /** The key's name, for the assertion's header (RFC 7638 thumbprint). */
    readonly kid: string
  }
}

/**
 * Moves a client from its secret to a key of its own (private_key_jwt, RFC 7523): makes the key, delivers the private half,
 * registers the public half, switches the client over and proves it at Keycloak. If the proof fails, the client gets its
 * secret back.
 *
 * Keycloak keeps the secret and accepts it no more, unless someone sets the client back to it. To end that too, let Keycloak
 * make a new one, which no one uses: `admin.client.clients.generateNewClientSecret`.
 *
 * A client authenticates in one way only: from the switch on, a service that still sends the secret is refused. Let
 * `proveDelivery` restart it with its new configuration.
 *
 * Needs the role `manage-clients` of `realm-management`.
 *
 * @throws {CW_SECRET_UNFINISHED} when it fails after the switch; the message says how the client authenticates now
 * @throws {CW_CONFIG_INVALID} when the key can't be delivered; nothing has been changed in Keycloak
 * @throws {CW_ADMIN_NOT_FOUND} when the client does not exist
 * @throws {CW_ADMIN_REFUSED} for a client that does not authenticate with a secret
 * @example
 * ```ts
 * import { createAdmin } from '@cloakwright/admin'
 * import { moveToPrivateKeyJwt } from '@cloakwright/admin/secrets'
 *
 * const admin = createAdmin({
 *   server: 'https://id.example.com',
 *   realm: 'shop',
 *   credentials: { clientId: 'operator', clientSecret: () => process.env['OPERATOR_SECRET'] ?? '' },
 * })
 * const { configuration } = await moveToPrivateKeyJwt(admin, 'shop-api', {
 *   deliver: { file: '/run/secrets/shop-api.jwk' },
 *   proveDelivery: ['systemctl', 'restart', 'shop-api'],
 * })
 * console.log(configuration)
 * ```
 */
export async function moveToPrivateKeyJwt(
  admin: Admin,
  clientId: string,
  options: MoveToKeyOptions,
): Promise<MoveToKey> {
  requireKnown('moveToPrivateKeyJwt', options, known)
  const { algorithm = 'ES256', format = 'jwk', onStep = () => {}, signal, proveDelivery } = options
  requireNoDryRun('moveToPrivateKeyJwt', admin)
  const { client } = await readState(admin, clientId)
  requireAuthenticator(client, 'client-secret', 'Choose a client that authenticates with a secret.')
  const key = await newKey(algorithm, format)
  const url = realmUrl(admin.server, admin.realm)
  const { audience = url } = options
  await checkDelivery(options.deliver, key.text)
  signal?.throwIfAborted()
  await deliver(options.deliver, key.text, signal)
  onStep('delivered')

  const before = settingsOf(client)
  const after = settingsWithKey(key, algorithm)
  let isSwitched = false
  const switching = settingsStep(admin.client, client, before, after, () => {
    isSwitched = true
  })
  try {
    const changes = await runSteps(admin, [switching])
    onStep('switched')
    const proof = { privateKey: key.text, audience, kid: key.kid, algorithm }
    const provedBy = await prove(admin, client, proof, signal)
    onStep('proved')
    if (proveDelivery !== undefined) {
      await confirm(proveDelivery, signal)
      onStep('taken up')
    }
    const tokenEndpoint = `${url}/protocol/openid-connect/token`
    const method = 'private_key_jwt'
    return {
      changes,
      provedBy,
      configuration: { clientId, method, tokenEndpoint, audience, algorithm, kid: key.kid },
    }
  } catch (error) {
    // Keycloak said no: there is nothing to undo. Without a response there may be.
    if (!isSwitched && isRefusal(error)) throw error
    return await takeBack(admin, client, before, after, signal, error)
  }
}

/** Gives the client its secret back, and fails with what made that necessary. */
async function takeBack(
  admin: Admin,
  client: Client,
  before: KeySettings,
  after: KeySettings,
  signal: AbortSignal | undefined,
  error: unknown,
): Promise<never> {
  let isBack = false
  const back = settingsStep(clientToTakeBack(admin.client), client, after, before, () => {
    isBack = true
  })
  const why = await runSteps(admin, [back]).then(
    () => error,
    (lost: unknown) => lost,
  )
  const what = `The client ${client.clientId} was not moved to its key`
  const hint = 'Run it again: it makes a new key. Do not use the key that was delivered.'
  const fail = () => Promise.reject(why as Error)
  return await (isBack ? step(what, taken, hint, signal, fail) : step(what, stuck, hint, undefined, fail))
}

const taken = 'The change was undone: the client authenticates with its secret again.'
const stuck =
  'The change could not be undone: set the client authenticator to “Client Id and Secret” (Clients, Credentials).'

function isRefusal(error: unknown): boolean {
  return error instanceof CloakwrightError && error.code !== 'CW_ADMIN_UNAVAILABLE'
}
