import { CloakwrightError } from '../../errors.ts'

/** A token as a request brought it. */
export interface Credentials {
  readonly scheme: 'Bearer' | 'DPoP'
  readonly token: string
}

const schemes = /^(?:(bearer)|dpop)(?: +|$)/i

/**
 * Takes the token from the `Authorization` field (RFC 6750 §2.1, RFC 9449 §7.1), the only place where it is accepted:
 * in an address it ends in logs and histories, and a foreign page can send it in a form.
 *
 * @param fields Every `Authorization` field of the request, in order.
 * @param dpop Whether the scheme `DPoP` counts.
 * @returns `undefined` for a request without a token, also when it has credentials of another scheme.
 * @throws {CW_REQUEST_AMBIGUOUS} More than one field.
 */
export function credentialsOf(fields: readonly string[], dpop: boolean): Credentials | undefined {
  const [field, second] = fields
  if (field === undefined) return undefined
  if (second !== undefined) throw ambiguous('in two Authorization fields')
  // As nearly every client writes it; the expression knows all other ways.
  if (field.startsWith('Bearer ') && field.charCodeAt(7) !== space)
    return { scheme: 'Bearer', token: field.slice(7) }
  const found = schemes.exec(field)
  if (found === null) return undefined
  const scheme = found[1] === undefined ? 'DPoP' : 'Bearer'
  if (scheme === 'DPoP' && !dpop) return undefined
  return { scheme, token: field.slice(found[0].length) }
}

const space = 0x20

/**
 * Refuses tokens that a proxy has joined into one field. A comma is in no token, so this is asked of refused ones only.
 *
 * @throws {CW_REQUEST_AMBIGUOUS}
 */
export function refuseJoined({ token }: Credentials): void {
  if (token.includes(',')) throw ambiguous('joined by a comma in the Authorization field')
}

/** The refusal of a request that carries more than one token (RFC 6750 §2). */
export function ambiguous(where: string): CloakwrightError {
  return new CloakwrightError('CW_REQUEST_AMBIGUOUS', `Request: more than one token: ${where}`, {
    hint: 'Send one token, in one Authorization field: Authorization: Bearer TOKEN',
  })
}
