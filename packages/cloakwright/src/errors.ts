/**
 * Every code that Cloakwright's packages throw, with the HTTP status of the response.
 * The union is closed: a code that is not in this table does not compile.
 */
export const errorStatus = {
  // Configuration: start-up stops.
  CW_CONFIG_MISSING: 500,
  CW_CONFIG_INVALID: 500,
  CW_CONFIG_INSECURE: 500,
  CW_HOME_LOCKED: 500,
  CW_PORT_TAKEN: 500,
  CW_TOOL_MISSING: 500,
  // The bearer token (RFC 6750, RFC 9068 where Keycloak follows it).
  CW_TOKEN_MISSING: 401,
  CW_TOKEN_MALFORMED: 401,
  CW_TOKEN_ALGORITHM: 401,
  CW_TOKEN_KEY_UNKNOWN: 401,
  CW_TOKEN_SIGNATURE: 401,
  CW_TOKEN_TYPE: 401,
  CW_TOKEN_ISSUER: 401,
  CW_TOKEN_AUDIENCE: 401,
  CW_TOKEN_AZP: 401,
  CW_TOKEN_EXPIRED: 401,
  CW_TOKEN_NOT_YET_VALID: 401,
  CW_TOKEN_CLAIM: 401,
  CW_TOKEN_BOUND: 401,
  CW_TOKEN_REVOKED: 401,
  CW_TOKEN_INACTIVE: 401,
  CW_REQUEST_AMBIGUOUS: 400,
  // Proof that the client holds the key that its token is bound to (RFC 9449, RFC 8705).
  CW_PROOF_REQUIRED: 401,
  CW_PROOF_INVALID: 401,
  CW_PROOF_REPLAYED: 401,
  CW_PROOF_NONCE: 401,
  CW_PROOF_CERTIFICATE: 401,
  // Authorization.
  CW_FORBIDDEN: 403,
  CW_SCOPE_INSUFFICIENT: 403,
  CW_STEP_UP_REQUIRED: 401,
  CW_PERMISSIONS_UNAVAILABLE: 503,
  // The realm's metadata and keys.
  CW_DISCOVERY_FAILED: 503,
  CW_DISCOVERY_ISSUER: 503,
  CW_KEYS_UNAVAILABLE: 503,
  CW_INTROSPECTION_UNAVAILABLE: 503,
  // Browser login and sessions.
  CW_LOGIN_STATE: 400,
  CW_LOGIN_REFUSED: 400,
  CW_LOGIN_RESPONSE: 400,
  CW_LOGIN_REQUEST: 400,
  CW_LOGIN_LOOP: 503,
  CW_TENANT_UNKNOWN: 404,
  CW_TENANT_UNAVAILABLE: 503,
  CW_SESSION_ORIGIN: 403,
  CW_SESSION_ENDED: 401,
  CW_FORM_GONE: 410,
  CW_FORM_USER: 403,
  CW_SESSION_NOT_FOUND: 404,
  CW_SESSION_DATA: 500,
  CW_HOOK_FAILED: 500,
  CW_TICKET_INVALID: 401,
  CW_LOGOUT_TOKEN: 400,
  CW_PROVIDER_UNAVAILABLE: 503,
  CW_PROXY_HOST: 500,
  // Calls of other services.
  CW_GRANT_REFUSED: 500,
  CW_FORWARD_REFUSED: 400,
  CW_UPSTREAM_UNAVAILABLE: 502,
  // What replicas share.
  CW_STATE_UNAVAILABLE: 503,
  CW_STATE_MIGRATION: 500,
  CW_DISK_FULL: 503,
  // The Admin API and the realm as code.
  CW_ADMIN_UNAVAILABLE: 503,
  CW_ADMIN_UNAUTHORIZED: 500,
  CW_ADMIN_FORBIDDEN: 500,
  CW_ADMIN_CONFLICT: 409,
  CW_ADMIN_NOT_FOUND: 404,
  CW_ADMIN_REFUSED: 400,
  CW_ADMIN_REDIRECTED: 502,
  CW_ADMIN_FAILED: 502,
  CW_ADMIN_CHANGED: 409,
  CW_SECRET_OVERLAP_MISSING: 409,
  CW_SECRET_UNFINISHED: 500,
  CW_REALM_INVALID: 500,
  CW_REALM_MISMATCH: 500,
  CW_AUDIT_UNAVAILABLE: 503,
  CW_FILE_INVALID: 400,
  CW_FILE_EXISTS: 409,
  CW_JOURNAL_INVALID: 500,
  CW_JOURNAL_MISMATCH: 500,
  CW_JOURNAL_LOCKED: 500,
} as const

/** A code from the closed `CW_*` union. */
export type ErrorCode = keyof typeof errorStatus

/** The optional parts of a {@link CloakwrightError}. */
export interface ErrorDetails {
  /** The next step for the reader. */
  readonly hint?: string
  /** The error that caused this one; never shown to an HTTP client. */
  readonly cause?: unknown
  /** HTTP status, if it differs from the code's own. */
  readonly status?: number
  /** Seconds after which a client may try again (RFC 9110 `Retry-After`). */
  readonly retryAfter?: number
  /** What the client must send next time, for the `WWW-Authenticate` header. */
  readonly challenge?: ChallengeParameters | undefined
}

/** What a challenge requires in addition to a valid token. */
export interface ChallengeParameters {
  /** The scope that is required, space-separated (RFC 6750 §3). */
  readonly scope?: string | undefined
  /** Authentication context classes, one of which is required, space-separated (RFC 9470 §3). */
  readonly acrValues?: string | undefined
  /** Maximum age of the login in seconds (RFC 9470 §3). */
  readonly maxAge?: number | undefined
  /** The nonce that the next DPoP proof must contain (RFC 9449 §9). */
  readonly dpopNonce?: string | undefined
}

/** The page that explains every code. */
const reference = 'https://github.com/cloakwright/cloakwright/blob/main/docs/errors.md'

/** Marks the errors of every copy of this package: Next.js bundles several, and a service may install two. */
const brand: unique symbol = Symbol.for('cloakwright.error')

/**
 * The only error class of Cloakwright. Test it by `code`; the message says what and where, `hint` says what to do next.
 * Neither contains a token, a secret, an SQL parameter or a claim's value. Exceptions are issuer, audience and the
 * client of a role, which show the wrong setting. `instanceof` also accepts errors of another copy of this package.
 *
 * @example
 * ```ts
 * import { CloakwrightError } from 'cloakwright'
 *
 * export function isExpired(error: unknown): boolean {
 *   return error instanceof CloakwrightError && error.code === 'CW_TOKEN_EXPIRED'
 * }
 * ```
 */
export class CloakwrightError extends Error {
  override readonly name = 'CloakwrightError'
  readonly code: ErrorCode
  readonly status: number
  readonly hint: string | undefined
  readonly retryAfter: number | undefined
  readonly challenge: ChallengeParameters | undefined

  /** Accepts errors of another copy of this package. A subclass accepts only its own instances. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== CloakwrightError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && brand in value
  }

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.status = details.status ?? errorStatus[code]
    this.hint = details.hint
    this.retryAfter = details.retryAfter
    this.challenge = details.challenge
  }

  /** URL of the documentation of this code. */
  get docs(): string {
    return `${reference}#${this.code.toLowerCase()}`
  }
}

// On the prototype, because logs show an error's own properties.
Object.defineProperty(CloakwrightError.prototype, brand, { value: true })
