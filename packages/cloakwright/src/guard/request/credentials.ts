import { CloakwrightError } from '../../errors.ts'

/** A token as it was sent in a request. */
export interface Credentials {
  readonly scheme: 'Bearer' | 'DPoP'
  readonly token: string
}

const schemes = /^(?:(bearer)|dpop)(?: +|$)/i

/**
 * Reads the token from the `Authorization` header (RFC 6750 §2.1, RFC 9449 §7.1), the only place where it is accepted:
 * in a URL it would get into logs and histories, and a foreign page can send it in a form.
 *
 * @param fields Every `Authorization` header of the request, in order.
 * @param dpop Whether the scheme `DPoP` is accepted.
 * @returns `undefined` for a request without a token, also when it has credentials of another scheme.
 * @throws {CW_REQUEST_AMBIGUOUS} More than one header.
 */
export function credentialsOf(fields: readonly string[], dpop: boolean): Credentials | undefined {
  const [field, second] = fields
  if (field === undefined) return undefined
  if (second !== undefined) throw ambiguous('in two Authorization headers')
  // The form that nearly every client sends; the expression covers all others.
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
 * Refuses tokens that a proxy has joined into one header. No token contains a comma, so only refused ones are checked.
 *
 * @throws {CW_REQUEST_AMBIGUOUS}
 */
export function refuseJoined({ token }: Credentials): void {
  if (token.includes(',')) throw ambiguous('joined by a comma in the Authorization header')
}

/** The refusal of a request that has more than one token (RFC 6750 §2). */
export function ambiguous(where: string): CloakwrightError {
  return new CloakwrightError('CW_REQUEST_AMBIGUOUS', `Request: more than one token: ${where}`, {
    hint: 'Send one token, in one Authorization header: Authorization: Bearer TOKEN',
  })
}
