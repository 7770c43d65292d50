import { generate } from 'otplib'

/** Seconds for which a code counts. */
const periodS = 30

/**
 * The code of an authenticator app for the secret that a Keycloak page holds in `totpSecret` (the raw text,
 * not base32). Keycloak refuses a code that was used before, and accepts the periods before and after the
 * current one: a test that signs in again asks for a later period rather than wait.
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
