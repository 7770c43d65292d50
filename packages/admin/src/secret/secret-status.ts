import type { Admin } from '../client/index.ts'
import { findOverlap, type Overlap } from './overlap.ts'
import { authenticatorOf, readState } from './state.ts'

/** What can be known of a client's secret without its value. */
export interface SecretStatus {
  readonly clientId: string
  /** How the client authenticates, by Keycloak's name: only one by `client-secret` has a secret in use. */
  readonly authenticator: string
  readonly createdAt: Date | undefined
  readonly expiresAt: Date | undefined
  /** When the old secret ends, if there is one. `rotateSecret` then continues and creates no other. */
  readonly oldSecretUntil: Date | undefined
  readonly overlap: Overlap
}

/**
 * Tells what a rotation would find, and changes nothing.
 *
 * Needs the roles `view-clients` and `view-realm` of `realm-management`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the client does not exist
 */
export async function readSecretStatus(admin: Admin, clientId: string): Promise<SecretStatus> {
  const state = await readState(admin, clientId)
  const { createdAt, expiresAt, old } = state
  return {
    clientId,
    authenticator: authenticatorOf(state.client),
    createdAt,
    expiresAt,
    oldSecretUntil: old?.until,
    overlap: await findOverlap(admin, state.client),
  }
}
