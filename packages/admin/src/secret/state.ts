import { CloakwrightError, systemTime } from 'cloakwright'
import type { Admin, ClientRepresentation } from '../client/index.ts'
import { findClient } from '../lookup/index.ts'

/** A confidential client with its secrets, as Keycloak has them now. Never shown: it holds what must not be in a log. */
export interface SecretState {
  readonly client: ClientRepresentation & { readonly id: string; readonly clientId: string }
  readonly secret: string | undefined
  readonly createdAt: Date | undefined
  /** When Keycloak stops to accept the secret; undefined where no policy ends it. */
  readonly expiresAt: Date | undefined
  /** The secret before, while Keycloak accepts it. */
  readonly old: { readonly secret: string; readonly until: Date } | undefined
}

/**
 * Reads a client that authenticates with something of its own.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the client does not exist
 * @throws {CW_ADMIN_REFUSED} for a public client
 */
export async function readState(admin: Admin, clientId: string): Promise<SecretState> {
  const client = await findClient(admin, clientId)
  if (client?.id === undefined) {
    throw new CloakwrightError('CW_ADMIN_NOT_FOUND', `The realm ${admin.realm} has no client ${clientId}`, {
      hint: 'Check the client id. Upper and lower case matter, and it can differ from the name in the console.',
    })
  }
  if (client.publicClient === true) {
    throw new CloakwrightError(
      'CW_ADMIN_REFUSED',
      `The client ${clientId} is public: it has no secret and no key`,
      { hint: 'Turn “Client authentication” on if this client can keep a secret.' },
    )
  }
  return toState({ ...client, id: client.id, clientId })
}

/** Reads the client again, by its id. */
export async function readAgain(admin: Admin, { client }: SecretState): Promise<SecretState> {
  const found = await admin.client.clients.findOne({ id: client.id })
  return toState({ ...found, id: client.id, clientId: client.clientId })
}

function toState(client: SecretState['client']): SecretState {
  const attributes = (client.attributes ?? {}) as Readonly<Record<string, string>>
  const time = (name: string): Date | undefined => {
    const seconds = Number(attributes[name])
    return Number.isSafeInteger(seconds) && seconds > 0 ? new Date(seconds * 1000) : undefined
  }
  const secret = attributes['client.secret.rotated']
  const until = time('client.secret.rotated.expiration.time')
  // Keycloak keeps the old secret when its time is over. One that is the secret again was put back by someone.
  const isOther = secret !== undefined && secret !== client.secret
  const isLive = isOther && until !== undefined && until.getTime() > systemTime()
  return {
    client,
    secret: client.secret,
    createdAt: time('client.secret.creation.time'),
    expiresAt: time('client.secret.expiration.time'),
    old: isLive ? { secret, until } : undefined,
  }
}

/** Keycloak's name of what a client authenticates by. */
export function authenticatorOf(client: SecretState['client']): string {
  return client.clientAuthenticatorType ?? 'client-secret'
}

/** @throws {CW_ADMIN_REFUSED} unless the client authenticates with this method of Keycloak's */
export function requireAuthenticator(client: SecretState['client'], wanted: string, hint: string): void {
  const has = authenticatorOf(client)
  if (has === wanted) return
  throw new CloakwrightError(
    'CW_ADMIN_REFUSED',
    `The client ${client.clientId} authenticates with ${has}, not with ${wanted}`,
    { hint },
  )
}

/**
 * A secret is not known before it is created, so there is nothing to try in a dry run.
 *
 * @throws {CW_CONFIG_INVALID} for an administrator of a dry run
 */
export function requireNoDryRun(what: string, { dryRun }: Admin): void {
  if (!dryRun) return
  throw new CloakwrightError('CW_CONFIG_INVALID', `${what} does not support a dry run`, {
    hint: 'Use readSecretStatus to see the current state before a rotation.',
  })
}
