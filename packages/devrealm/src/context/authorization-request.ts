/** How the result of an authorization request reaches the client. */
export type ResponseMode = 'query' | 'fragment' | 'form_post'

/** A valid authorization request, kept during a login. All values are strings, so a cookie can hold it. */
export interface AuthorizationRequest {
  /** The client's `clientId`. */
  readonly clientId: string
  readonly redirectUri: string
  readonly responseType: string
  readonly responseMode: ResponseMode
  readonly scope: string | undefined
  readonly state: string | undefined
  readonly nonce: string | undefined
  readonly prompt: readonly string[]
  readonly maxAge: number | undefined
  readonly loginHint: string | undefined
  readonly challenge: string | undefined
  readonly challengeMethod: string | undefined
  /** The thumbprint of the key that the token request must prove (RFC 9449 section 10). */
  readonly dpopJkt?: string | undefined
  /** The authentication contexts that the client asks for. */
  readonly acr?: readonly string[]
  /** The `request_uri` of a pushed request, which a completed login uses up. */
  readonly pushed?: string
  /** The device code of a login for a device, which has no redirect URI. */
  readonly device?: string
}
