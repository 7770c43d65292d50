/** Maximum length in characters of an issuer, a session id, a subject and a token id. */
export const maxIdentifier = 1024

/**
 * Whether the value can be stored and found again as an id from a token: PostgreSQL cannot store NUL, and UTF-8 cannot
 * encode half a character.
 */
export function isIdentifier(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= maxIdentifier &&
    !/[\p{Cc}\p{Cs}]/u.test(value)
  )
}
