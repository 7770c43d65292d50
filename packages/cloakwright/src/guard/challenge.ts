import type { CloakwrightError, ErrorCode } from '../errors.ts'

/** The information about the service in a challenge. */
export interface ChallengeContext {
  /** The protection space's name; characters that a quoted string cannot contain are removed. */
  readonly realm: string
  /** The URL where the service publishes its requirements (RFC 9728 §5.1). */
  readonly resourceMetadata?: string | undefined
  /** The algorithms of DPoP proofs; if set, clients learn that they may send proofs (RFC 9449 §7.1). */
  readonly dpopAlgorithms?: readonly string[] | undefined
}

/**
 * Formats the `WWW-Authenticate` value of a refusal (RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3), or returns `undefined`
 * if it needs none: other credentials do not help if a realm cannot be reached. Without a token it has no error code
 * (RFC 6750 §3.1). A missing role is `insufficient_scope` like a missing scope (“requires higher privileges than
 * provided by the access token”), but without the parameter `scope`: there is none to request. Errors of a proof use
 * the scheme DPoP, all others Bearer; a service that accepts both schemes sends both.
 */
export function toChallenge(error: CloakwrightError, context: ChallengeContext): string | undefined {
  const parameters = parametersOf(error)
  if (parameters === undefined) return undefined
  const { dpopAlgorithms } = context
  const metadata = { resource_metadata: context.resourceMetadata }
  const realm = { realm: context.realm }
  if (dpopAlgorithms === undefined) return format('Bearer', { ...realm, ...parameters, ...metadata })
  const algs = { algs: dpopAlgorithms.join(' ') }
  return proofCodes.has(error.code)
    ? format('DPoP', { ...realm, ...parameters, ...algs, ...metadata })
    : `${format('Bearer', { ...realm, ...parameters, ...metadata })}, ${format('DPoP', { ...realm, ...algs })}`
}

const proofCodes: ReadonlySet<ErrorCode> = new Set([
  'CW_PROOF_INVALID',
  'CW_PROOF_REPLAYED',
  'CW_PROOF_NONCE',
])

type Parameters = Readonly<Record<string, string | undefined>>

function parametersOf({ code, status, challenge }: CloakwrightError): Parameters | undefined {
  if (code === 'CW_TOKEN_MISSING' || code === 'CW_SESSION_ENDED') return {}
  const [error, description] = errors[code] ?? ['invalid_token', 'The access token is refused']
  if (errors[code] === undefined && status !== 401) return undefined
  return {
    error,
    error_description: description,
    scope: challenge?.scope,
    acr_values: challenge?.acrValues,
    max_age: challenge?.maxAge === undefined ? undefined : String(challenge.maxAge),
  }
}

/** One fixed string for each code: a header never contains parts of the request. */
const errors: Partial<Record<ErrorCode, readonly [error: string, description: string]>> = {
  CW_REQUEST_AMBIGUOUS: ['invalid_request', 'The request has more than one token'],
  CW_SCOPE_INSUFFICIENT: ['insufficient_scope', 'The access token lacks a required scope'],
  CW_FORBIDDEN: ['insufficient_scope', 'The access token lacks a required permission'],
  CW_STEP_UP_REQUIRED: ['insufficient_user_authentication', 'A stronger or more recent login is required'],
  CW_PROOF_NONCE: ['use_dpop_nonce', 'The proof needs the nonce of the header DPoP-Nonce'],
  CW_PROOF_INVALID: ['invalid_dpop_proof', 'The DPoP proof is missing or invalid'],
  CW_PROOF_REPLAYED: ['invalid_dpop_proof', 'The DPoP proof was used before'],
  CW_PROOF_REQUIRED: ['invalid_token', 'An access token that is bound to a key is required'],
  CW_PROOF_CERTIFICATE: ['invalid_token', 'The access token is bound to another client certificate'],
  CW_TOKEN_MALFORMED: ['invalid_token', 'The access token is malformed'],
  CW_TOKEN_ALGORITHM: ['invalid_token', 'The access token is signed with an algorithm that is not accepted'],
  CW_TOKEN_KEY_UNKNOWN: ['invalid_token', 'The access token is signed with an unknown key'],
  CW_TOKEN_SIGNATURE: ['invalid_token', 'The signature of the access token is invalid'],
  CW_TOKEN_TYPE: ['invalid_token', 'The token is not an access token'],
  CW_TOKEN_ISSUER: ['invalid_token', 'The access token is from another issuer'],
  CW_TOKEN_AUDIENCE: ['invalid_token', 'The access token is for another audience'],
  CW_TOKEN_AZP: ['invalid_token', 'The access token is from a client that is not accepted'],
  CW_TOKEN_EXPIRED: ['invalid_token', 'The access token has expired'],
  CW_TOKEN_NOT_YET_VALID: ['invalid_token', 'The access token is not valid yet'],
  CW_TOKEN_CLAIM: ['invalid_token', 'A claim of the access token is missing or malformed'],
  CW_TOKEN_BOUND: [
    'invalid_token',
    'The access token is bound to a key and cannot be used as a bearer token',
  ],
  CW_TOKEN_REVOKED: ['invalid_token', 'The access token was revoked'],
  CW_TICKET_INVALID: ['invalid_token', 'The ticket has expired or was used before'],
  CW_TOKEN_INACTIVE: ['invalid_token', 'The access token is not active'],
}

function format(scheme: string, parameters: Parameters): string {
  const written = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}="${quotable(value)}"`],
  )
  return `${scheme} ${written.join(', ')}`
}

function quotable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]|["\\]/g, '')
}
