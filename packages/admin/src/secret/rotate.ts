import { CloakwrightError } from 'cloakwright'
import type { Change } from '../changes/index.ts'
import type { Admin } from '../client/index.ts'
import { runSteps, type StepChange } from '../edit/index.ts'
import { type Known, requireKnown } from '../fields/index.ts'
import { type Command, checkDelivery, confirm, type Delivery, deliver } from './delivery.ts'
import { findOverlap } from './overlap.ts'
import { setUpOverlap } from './policies.ts'
import { type ProvedBy, prove } from './proof.ts'
import { readAgain, readState, requireAuthenticator, requireNoDryRun, type SecretState } from './state.ts'
import { step } from './unfinished.ts'

/** Options of {@link rotateSecret}. */
export interface RotateSecretOptions {
  /** How the new secret gets to the service that uses it. */
  readonly deliver: Delivery
  /**
   * Says that the service has taken the new secret up, before the old one is revoked: a command that exits with 0 (it may
   * restart the service first), or a function that resolves. Default: none, for a service that reads the secret at each use.
   */
  readonly proveDelivery?: Command | (() => void | Promise<void>)
  /** Does not revoke the old secret: it ends by itself at `oldSecretUntil`. Default: false. */
  readonly keepOld?: boolean
  /** Adds what two live secrets need in the realm, for this client alone, if it is missing. Default: false. */
  readonly setUpPolicy?: boolean
  /** Rotates also where the old secret ends at once: until the service has the new one, it is locked out. Default: false. */
  readonly allowDowntime?: boolean
  /** Hears of each step when it is done. */
  readonly onStep?: (step: RotationStep) => void
  /** Stops before the next step; changes made so far stay, and the next run continues from there. */
  readonly signal?: AbortSignal
}

const known: Known<RotateSecretOptions> = {
  deliver: true,
  proveDelivery: true,
  keepOld: true,
  setUpPolicy: true,
  allowDowntime: true,
  onStep: true,
  signal: true,
}

export type RotationStep = 'set up' | 'made' | 'delivered' | 'proved' | 'taken up' | 'revoked'

/** What {@link rotateSecret} did. */
export interface SecretRotation {
  readonly changes: readonly Change[]
  /** Whether both secrets were accepted from the new one's birth to the old one's end. */
  readonly overlap: boolean
  /** Whether it continued an unfinished rotation, whose old secret was not revoked yet. */
  readonly resumed: boolean
  readonly provedBy: ProvedBy
  /** When Keycloak stops to accept the old secret, where it has been kept. */
  readonly oldSecretUntil: Date | undefined
  /** When Keycloak stops to accept the new secret: rotate before. `undefined` where no policy ends it. */
  readonly expiresAt: Date | undefined
}

/**
 * Replaces the secret of a client without downtime: creates a new one next to the old one, delivers it, proves
 * it at Keycloak, waits until the service uses it, and only then revokes the old one.
 *
 * The state is in Keycloak alone: after a failure or a crash, the same call finds the old secret still valid and continues
 * with the delivery of the new one.
 *
 * Needs the roles `manage-clients` and `view-realm` of `realm-management`, to set up the policy also `manage-realm`.
 *
 * @throws {CW_SECRET_OVERLAP_MISSING} if Keycloak would end the old secret at once, and `allowDowntime` is not set
 * @throws {CW_SECRET_UNFINISHED} when a step fails after the new secret was created; the message says whether the old one still works
 * @throws {CW_CONFIG_INVALID} when the delivery cannot work; nothing was changed
 * @throws {CW_ADMIN_NOT_FOUND} when the client does not exist
 * @throws {CW_ADMIN_REFUSED} for a client that does not authenticate with a secret
 * @example
 * ```ts
 * import { createAdmin } from '@cloakwright/admin'
 * import { rotateSecret } from '@cloakwright/admin/secrets'
 *
 * const admin = createAdmin({
 *   server: 'https://id.example.com',
 *   realm: 'shop',
 *   credentials: { clientId: 'operator', clientSecret: () => process.env['OPERATOR_SECRET'] ?? '' },
 * })
 * const { expiresAt } = await rotateSecret(admin, 'shop-api', { deliver: { file: '/run/secrets/shop-api' } })
 * console.log(expiresAt)
 * ```
 */
export async function rotateSecret(
  admin: Admin,
  clientId: string,
  options: RotateSecretOptions,
): Promise<SecretRotation> {
  requireKnown('rotateSecret', options, known)
  const { onStep = () => {}, signal, keepOld = false } = options
  requireNoDryRun('rotateSecret', admin)
  const before = await readState(admin, clientId)
  requireAuthenticator(before.client, 'client-secret', 'Choose a client that authenticates with a secret.')
  await checkDelivery(options.deliver, before.secret ?? 'sample')
  signal?.throwIfAborted()

  const changes: Change[] = []
  const resumed = before.old !== undefined
  if (!resumed) changes.push(...(await prepare(admin, before, options)))
  if (changes.length > 0) onStep('set up')
  const made = resumed ? { state: before, changes: [] } : await makeSecret(admin, before)
  changes.push(...made.changes)
  const { state } = made
  if (!resumed) onStep('made')
  const go = <T>(what: string, work: () => Promise<T>): Promise<T> =>
    step(failed(what, clientId), standing(state), again, signal, work)

  const secret = state.secret ?? ''
  await go('was not delivered', () => deliver(options.deliver, secret, signal))
  onStep('delivered')
  const provedBy = await go('its test at Keycloak failed', () =>
    prove(admin, state.client, { secret }, signal),
  )
  onStep('proved')
  const { proveDelivery } = options
  if (proveDelivery !== undefined) {
    await go('the service did not confirm that it uses it', () => confirm(proveDelivery, signal))
    onStep('taken up')
  }
  if (!keepOld && state.old !== undefined) {
    const run = async () => {
      await go('the old secret was not revoked', async () => {
        await requireUnchanged(admin, state)
        await admin.client.clients.invalidateSecret({ id: state.client.id })
      })
      onStep('revoked')
    }
    changes.push(...(await runSteps(admin, [{ changes: [describe('delete', state)], run }])))
  }
  return {
    changes,
    overlap: state.old !== undefined,
    resumed,
    provedBy,
    oldSecretUntil: keepOld ? state.old?.until : undefined,
    expiresAt: state.expiresAt,
  }
}

/** Makes sure that the old secret still works after a new one is created, or that downtime is allowed. */
async function prepare(
  admin: Admin,
  { client }: SecretState,
  { setUpPolicy = false, allowDowntime = false }: RotateSecretOptions,
): Promise<readonly Change[]> {
  const overlap = await findOverlap(admin, client)
  if (overlap.possible) return []
  if (setUpPolicy && overlap.missing === 'policy') {
    const changes = await setUpOverlap(admin, client)
    const { client: marked } = await readState(admin, client.clientId)
    if ((await findOverlap(admin, marked)).possible) return changes
  }
  if (allowDowntime) return []
  throw new CloakwrightError(
    'CW_SECRET_OVERLAP_MISSING',
    `The old secret of ${client.clientId} would stop working as soon as a new one is created: ${overlap.why}`,
    {
      hint: `${overlap.hint} Or move the client to a private key (moveToPrivateKeyJwt), or accept downtime (allowDowntime).`,
    },
  )
}

/** Another rotation in the meantime has turned the delivered secret into the old one: revoking it would be an outage. */
async function requireUnchanged(admin: Admin, state: SecretState): Promise<void> {
  const now = await readAgain(admin, state)
  if (now.secret === state.secret && (now.old === undefined || now.old.secret === state.old?.secret)) return
  throw new CloakwrightError(
    'CW_ADMIN_CHANGED',
    `someone else changed the secret of ${state.client.clientId} in the meantime`,
    { hint: 'Run only one rotation of a client at a time.' },
  )
}

async function makeSecret(
  admin: Admin,
  before: SecretState,
): Promise<{ readonly state: SecretState; readonly changes: readonly Change[] }> {
  let state = before
  const run = async () => {
    state = await generateSecret(admin, before)
  }
  const made = () => [describe('update', before, state)]
  try {
    const changes = await runSteps(admin, [{ changes: made(), run, made }])
    return { state, changes }
  } catch (error) {
    if (state === before) throw error
    const { clientId } = state.client
    const fail = () => Promise.reject(error as Error)
    return await step(
      failed('was not recorded in the audit trail', clientId),
      standing(state),
      again,
      undefined,
      fail,
    )
  }
}

/** A POST that got no response may have been carried out: what Keycloak has now tells. */
async function generateSecret(admin: Admin, before: SecretState): Promise<SecretState> {
  let failure: unknown
  try {
    await admin.client.clients.generateNewClientSecret({ id: before.client.id })
  } catch (error) {
    failure = error
  }
  const state = await readAgain(admin, before)
  if (state.secret !== before.secret && state.secret !== undefined) return state
  throw (
    failure ??
    new CloakwrightError('CW_ADMIN_FAILED', `Keycloak created no new secret for ${before.client.clientId}`)
  )
}

const again = 'Then run the rotation again: it continues with the new secret.'

function failed(what: string, clientId: string): string {
  return `The new secret of ${clientId} was created, but ${what}`
}

function standing({ old }: SecretState): string {
  if (old === undefined) {
    return 'The old secret no longer works. The new one is in Keycloak (Clients, Credentials).'
  }
  return `Both secrets work now; the old one works until ${old.until.toISOString()}. No service is locked out.`
}

function describe(action: 'update' | 'delete', from: SecretState, to?: SecretState): StepChange {
  const { client } = from
  return {
    action,
    kind: 'client secret',
    id: client.id,
    name: client.clientId,
    fields: action === 'update' ? ['secret'] : ['rotated secret'],
    before: to === undefined ? { until: from.old?.until.toISOString() } : times(from),
    ...(to === undefined ? {} : { after: times(to) }),
  }
}

function times({ createdAt, expiresAt, old }: SecretState): Record<string, unknown> {
  return {
    createdAt: createdAt?.toISOString(),
    expiresAt: expiresAt?.toISOString(),
    oldSecretUntil: old?.until.toISOString(),
  }
}
