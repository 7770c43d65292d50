import { maxClockTolerance } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import type { Revocation, RevokedBy } from '../state/index.ts'

/** Characters of an issuer, a session id, a subject, a token id. */
const maxLength = 1024

/**
 * The revocation that a caller asks for, kept for as long as a token that it concerns may live.
 *
 * @param now Milliseconds since the epoch; `keepFor` in milliseconds too.
 * @throws {CW_CONFIG_INVALID} An empty or far too long text, milliseconds for seconds, a time to come.
 */
export function toRevocation(issuer: string, by: RevokedBy, now: number, keepFor: number): Revocation {
  const checked = checkRevokedBy(by, now / 1000)
  const lastIssued =
    'issuedUntil' in checked ? checked.issuedUntil : 'notBefore' in checked ? checked.notBefore : 0
  const expiresAt = Math.max(now, lastIssued * 1000) + keepFor
  return { issuer: checkText('issuer', issuer), by: checked, expiresAt }
}

/** Takes over the one thing that it names, so that nothing is revoked that was not checked. */
function checkRevokedBy(by: RevokedBy, now: number): RevokedBy {
  const kinds = ['sid', 'subject', 'jti', 'notBefore'].filter((kind) => Object.hasOwn(Object(by), kind))
  if (kinds.length !== 1)
    throw invalid('by: not one of sid, subject, jti, notBefore', 'Revoke each of them by a call of its own.')
  if ('sid' in by) return { sid: checkText('sid', by.sid) }
  if ('jti' in by) return { jti: checkText('jti', by.jti) }
  if ('notBefore' in by) return { notBefore: checkTime('notBefore', by.notBefore, now) }
  const issuedUntil = checkTime('issuedUntil', by.issuedUntil, now)
  return { subject: checkText('subject', by.subject), issuedUntil }
}

/** PostgreSQL keeps no NUL, and UTF-8 no half of a character: such a text would not be found again. */
function checkText(name: string, value: unknown): string {
  if (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= maxLength &&
    !/[\p{Cc}\p{Cs}]/u.test(value)
  )
    return value
  throw invalid(
    `${name}: not a text of 1 to ${maxLength} characters, without control characters`,
    'Give it exactly as the tokens have it.',
  )
}

function checkTime(name: string, value: unknown, now: number): number {
  if (typeof value === 'number' && value >= 0 && value <= now + maxClockTolerance) return value
  throw invalid(
    `${name}: no time in seconds since the epoch, or one to come`,
    'Seconds as in tokens, not milliseconds: Math.floor(Date.now() / 1000) is now.',
  )
}

function invalid(what: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', what, { hint })
}
