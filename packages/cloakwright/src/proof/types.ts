/** How a request presented its token, for a token that is bound to a key. */
export interface Presentation {
  /** The scheme of the `Authorization` field. */
  readonly scheme: 'Bearer' | 'DPoP'
  readonly method: string
  /** Path and query as the client sent them. */
  readonly target: string
  /** Every `DPoP` field of the request. */
  readonly dpop: readonly string[]
  /** The client's certificate (DER), if it brought one. */
  certificate(): Uint8Array | undefined
}
