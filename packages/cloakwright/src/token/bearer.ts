import { CloakwrightError } from '../errors.ts'

/** Where a request may carry a token; an adapter fills in what it has. */
export interface BearerRequest {
  /** Every `Authorization` field of the request, in order. */
  readonly authorization: readonly string[]
  /** The parsed query, if there is one. */
  readonly query?: unknown
  /** The parsed body of a form (`application/x-www-form-urlencoded`), if there is one. */
  readonly form?: unknown
}

const bearer = /^bearer(?: +|$)/i

/**
 * Takes the bearer token from the `Authorization` field (RFC 6750 §2.1), the only place where it is accepted: in an
 * address it ends in logs and histories, and a foreign page can send it in a form.
 *
 * @returns `undefined` for a request without a bearer token, also when it has credentials of another scheme.
 * @throws {CW_REQUEST_AMBIGUOUS} More than one token.
 */
export function bearerToken(request: BearerRequest): string | undefined {
  const [authorization, second] = request.authorization
  if (authorization === undefined) return undefined
  if (second !== undefined) throw ambiguous('in two Authorization fields')
  const scheme = bearer.exec(authorization)
  if (scheme === null) return undefined
  if (has(request.query)) throw ambiguous('in the Authorization field and in the address (access_token)')
  if (has(request.form)) throw ambiguous('in the Authorization field and in the form (access_token)')
  const token = authorization.slice(scheme[0].length)
  if (token.includes(',')) throw ambiguous('joined by a comma in the Authorization field')
  return token
}

function has(parameters: unknown): boolean {
  return typeof parameters === 'object' && parameters !== null && Object.hasOwn(parameters, 'access_token')
}

function ambiguous(where: string): CloakwrightError {
  return new CloakwrightError('CW_REQUEST_AMBIGUOUS', `Request: more than one token: ${where}`, {
    hint: 'Send one token, in one Authorization field: Authorization: Bearer TOKEN',
  })
}
