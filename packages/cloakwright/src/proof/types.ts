/** How a request presents its token: the facts that a proof is checked against. An adapter fills in those that it has. */
export interface Presentation {
  /** The scheme of the `Authorization` header. */
  readonly scheme: 'Bearer' | 'DPoP'
  /** The request's method, as it was sent. */
  readonly method: string
  /** Path and query, as received by this service. */
  readonly target: string
  /** Every `DPoP` header of the request. */
  readonly dpop: readonly string[]
  /**
   * An object that represents the request, such as the framework's own. If it is set, a proof that several guards check
   * for the same request is used once. Without it each check uses the proof.
   */
  readonly request?: object | undefined
  /**
   * The client's certificate (DER), if the connection has one; called only for tokens that are bound to one.
   *
   * @throws {CW_PROOF_CERTIFICATE} The proxy's header is invalid.
   */
  certificate(): Uint8Array | undefined
}
