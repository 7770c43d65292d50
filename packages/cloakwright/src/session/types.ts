/** The parts of a request that a session is found by; a web `Request` is one. */
export interface SessionRequest {
  readonly method: string
  readonly url: string
  readonly headers: { get(name: string): string | null }
}

/** A live browser session. */
export interface Session {
  /** Its key in the store: the SHA-256 of the cookie's value, by which nobody becomes the user. */
  readonly key: string
  /** The provider's session id (`sid`), which back-channel logout names. */
  readonly sid: string | undefined
  readonly subject: string
  /** The current access token, refreshed when it was about to expire. Never sent to the browser. */
  readonly accessToken: string
  /** When it ends unless it is used again, in milliseconds since the epoch. */
  readonly expiresAt: number
}

/** Browser login as an engine Request → Response, the same for every framework. */
export interface SessionEngine {
  /** The path prefix that {@link handle} answers, `/auth` by default. */
  readonly basePath: string
  /** Answers login, callback and logout below {@link basePath}; `undefined` for any other path. */
  handle(request: Request): Promise<Response | undefined>
  /**
   * The session behind the request's cookie, its tokens refreshed under a row lock when they are about to expire.
   * `undefined` without a cookie or once the session has ended.
   *
   * @param isUse Whether the session is used by this, which puts its idle end off; `true` by default. A look at a
   * session whose WebSocket is open is no use of it.
   * @throws {CW_SESSION_ORIGIN} A state-changing request without a same-origin proof, or a WebSocket of another origin.
   * @throws {CW_PROVIDER_UNAVAILABLE} The access token has expired and the provider can't be reached.
   * @throws {CW_STATE_UNAVAILABLE} The session store can't be reached.
   */
  authenticate(request: SessionRequest, isUse?: boolean): Promise<Session | undefined>
  /**
   * Calls back whenever the session may have ended by what this process did: a logout, a back-channel logout, a new
   * login in the same browser. What other replicas do is told by `revocations`. Returns what ends it.
   */
  watch(session: Session, onNews: () => void): () => void
  /**
   * The redirect that starts a login: to the provider, or to `publicUrl` first when the request came on another host
   * name. `undefined` when the request is no navigation and a 401 is the right answer.
   */
  challenge(request: SessionRequest): Promise<Response | undefined>
}
