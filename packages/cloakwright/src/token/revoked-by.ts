import { maxClockTolerance } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import { isIdentifier, maxIdentifier } from '../identifier.ts'
import type { Revocation, RevokedBy } from '../state/index.ts'

/**
 * Creates the revocation that a caller requests, kept for as long as a matching token may live.
 *
 * @param now Milliseconds since the epoch; `keepFor` in milliseconds too.
 * @throws {CW_CONFIG_INVALID} An empty or far too long string, milliseconds instead of seconds, or a time in the future.
 */
export function toRevocation(issuer: string, by: RevokedBy, now: number, keepFor: number): Revocation {
  const checked = checkRevokedBy(by, now / 1000)
  const lastIssued =
    'notBefore' in checked ? checked.notBefore : 'issuedUntil' in checked ? (checked.issuedUntil ?? 0) : 0
  const expiresAt = Math.max(now, lastIssued * 1000) + keepFor
  return { issuer: checkText('issuer', issuer), by: checked, expiresAt }
}

/** Copies only the one checked member, so that nothing else is revoked. */
function checkRevokedBy(by: RevokedBy, now: number): RevokedBy {
  const kinds = ['sid', 'subject', 'jti', 'notBefore'].filter((kind) => Object.hasOwn(Object(by), kind))
  if (kinds.length !== 1)
    throw invalid('by: not exactly one of sid, subject, jti, notBefore', 'Make one call for each of them.')
  if ('sid' in by) {
    const sid = checkText('sid', by.sid)
    return by.issuedUntil === undefined
      ? { sid }
      : { sid, issuedUntil: checkTime('issuedUntil', by.issuedUntil, now) }
  }
  if ('jti' in by) return { jti: checkText('jti', by.jti) }
  if ('notBefore' in by) return { notBefore: checkTime('notBefore', by.notBefore, now) }
  const issuedUntil = checkTime('issuedUntil', by.issuedUntil, now)
  return { subject: checkText('subject', by.subject), issuedUntil }
}

function checkText(name: string, value: unknown): string {
  if (isIdentifier(value)) return value
  throw invalid(
    `${name}: not a string of 1 to ${maxIdentifier} characters without control characters`,
    'Pass it exactly as in the tokens.',
  )
}

function checkTime(name: string, value: unknown, now: number): number {
  if (typeof value === 'number' && value >= 0 && value <= now + maxClockTolerance) return value
  throw invalid(
    `${name}: not a time in seconds since the epoch, or in the future`,
    'Use seconds as in tokens, not milliseconds: Math.floor(Date.now() / 1000) is now.',
  )
}

function invalid(what: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', what, { hint })
}
