/** The way from a browser session to its engine, for calls on behalf of its user. */
export interface SessionHandle {
  /** The issuer of its tokens. */
  readonly issuer: string
  /**
   * The same session with a fresh access token; `undefined` once it has ended. It does not extend the idle timeout.
   *
   * @param freshAfter Seconds: an access token that was issued longer ago is refreshed first.
   * @throws {CW_PROVIDER_UNAVAILABLE} The access token has expired and the realm cannot be reached.
   * @throws {CW_STATE_UNAVAILABLE} The session store cannot be reached.
   */
  current(freshAfter?: number): Promise<{ readonly accessToken: string } | undefined>
  /** Calls back when the session may have ended or got new tokens; returns a function that stops it. */
  watch(onNews: () => void): () => void
}

/** The getter of sessions that have a handle: a global name, because Next.js bundles several copies of this package. */
export const handleKey: unique symbol = Symbol.for('cloakwright.session-handle')

/** The handle of an engine's session; `undefined` for anything else, such as a copy of a session. */
export function handleOf(session: object): SessionHandle | undefined {
  return (session as { readonly [handleKey]?: SessionHandle })[handleKey]
}
