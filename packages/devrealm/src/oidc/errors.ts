/** An error response of the protocol endpoints: `{"error", "error_description"}` (RFC 6749 section 5.2). */
export class OidcError extends Error {
  override readonly name = 'OidcError'
  readonly status: number
  readonly error: string

  constructor(status: number, error: string, description?: string) {
    super(description ?? error)
    this.status = status
    this.error = error
    this.description = description
  }

  readonly description: string | undefined

  /** The body as Keycloak writes it, without members that have no value. */
  get body(): Record<string, string> {
    return this.description === undefined
      ? { error: this.error }
      : { error: this.error, error_description: this.description }
  }
}

export function invalidRequest(description: string, status = 400): OidcError {
  return new OidcError(status, 'invalid_request', description)
}

export function invalidGrant(description: string): OidcError {
  return new OidcError(400, 'invalid_grant', description)
}
