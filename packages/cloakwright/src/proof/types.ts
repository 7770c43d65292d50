/** How a request presents its token: the facts that a proof is checked against. An adapter fills in what it has. */
export interface Presentation {
  /** The scheme of the `Authorization` field. */
  readonly scheme: 'Bearer' | 'DPoP'
  /** The request's method, as it was sent. */
  readonly method: string
  /** Path and query, as this service received them. */
  readonly target: string
  /** Every `DPoP` field of the request. */
  readonly dpop: readonly string[]
  /**
   * What stands for the request, such as the framework's own object: given, a proof that is checked again for the same
   * request, by several guards, is used once. Without it each check uses it.
   */
  readonly request?: object | undefined
  /**
   * The client's certificate (DER), if the connection has one; called for tokens that are bound to one only.
   *
   * @throws {CW_PROOF_CERTIFICATE} The proxy's field holds none that can be read.
   */
  certificate(): Uint8Array | undefined
}
