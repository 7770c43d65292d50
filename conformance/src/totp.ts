import { generate } from 'otplib'

/** Period of a code in seconds. */
const periodS = 30

/**
 * The code of an authenticator app for the secret in the `totpSecret` field of a Keycloak page (the raw string, not base32).
 * Keycloak rejects a used code and accepts the periods before and after the current one: a test that signs in again uses a
 * later period instead of waiting.
 *
 * @param period 0 for now, 1 for the next period, −1 for the last
 */
export function codeFor(secret: string, period: -1 | 0 | 1 = 0): Promise<string> {
  const epoch = Math.floor(Date.now() / 1000) + period * periodS
  return generate({ secret: toBase32(secret), epoch })
}

function toBase32(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...Buffer.from(text)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const groups = bits.match(/.{1,5}/g) ?? []
  return groups.map((group) => alphabet[Number.parseInt(group.padEnd(5, '0'), 2)]).join('')
}
