import type { ChallengeParameters } from '../errors.ts'
import type { Pages } from '../pages/index.ts'

/** The parts of a request that identify a session; a web `Request` fits. */
export interface SessionRequest {
  readonly method: string
  readonly url: string
  readonly headers: { get(name: string): string | null }
  /** The request's id, for the log and the error page; the engine creates one if this is missing. */
  id?(): string
}

/** What an adapter knows about a request, in addition to the request itself. */
export interface RequestDetails {
  /** The request's id, for the log and the error page; the engine creates one by default. */
  readonly requestId?: string | undefined
}

/** A live browser session. */
export interface Session {
  /** Its key in the store: the SHA-256 of the cookie's value, which cannot be used to sign in. */
  readonly key: string
  /** The provider's session id (`sid`), which back-channel logout uses. */
  readonly sid: string | undefined
  readonly subject: string
  /** The current access token, refreshed shortly before it expires. Never sent to the browser. */
  readonly accessToken: string
  /** When the user signed in, in milliseconds since the epoch. */
  readonly createdAt: number
  /** When it ends if it is not used again, in milliseconds since the epoch. */
  readonly expiresAt: number
}

/** How a request uses its session. */
export interface SessionUse {
  /**
   * Whether this counts as use of the session, which extends its idle timeout; `true` by default. Checking a session while
   * its WebSocket is open does not.
   */
  readonly extend?: boolean | undefined
  /**
   * Seconds: an access token that was issued longer ago is refreshed first, so that changed roles take effect; 0 always
   * refreshes.
   */
  readonly freshAfter?: number | undefined
}

/** The form of a browser's request. */
export interface SubmittedForm {
  readonly type: 'application/x-www-form-urlencoded' | 'multipart/form-data'
  readonly fields: readonly (readonly [name: string, value: string])[]
}

/** What a refused request needs, apart from a session. */
export interface LoginNeeds {
  /** What the session's login lacks: the classes of which the realm reaches one, or the maximum age of the login (RFC 9470 §4). */
  readonly stepUp?: ChallengeParameters | undefined
  /**
   * Reads the form of the request, so that it can be sent after the login; called only for a form of a page of this service.
   * `undefined` if it cannot be saved as it is: it is too large, has a file, or is not UTF-8.
   */
  readonly form?: (() => Promise<SubmittedForm | undefined>) | undefined
}

/** One tenant of a service with several: a realm, or a client of a realm. */
export interface Tenant {
  readonly name: string
  /** Its own engine. */
  readonly sessions: SessionEngine
  readonly issuer: string
  /** Its names in `aud`; a token needs one of them. */
  readonly audience: readonly string[]
}

/** Browser login as an engine Request → Response, the same for every framework. */
export interface SessionEngine {
  /** The path prefix that {@link handle} handles, `/auth` by default. */
  readonly basePath: string
  /** The name of the session cookie; empty with several tenants, each of which has its own. */
  readonly cookieName: string
  /** The pages of the option `pages`, for guards; `undefined` without the option. */
  readonly pages?: Pages | undefined
  /**
   * With several tenants: the one of the request. Guards use its sessions, and accept tokens of its issuer and for its
   * audience only.
   *
   * @throws {CW_TENANT_UNKNOWN} The request belongs to none.
   * @throws {CW_TENANT_UNAVAILABLE} Its options cannot be read for now.
   */
  tenant?(request: SessionRequest): Tenant | Promise<Tenant>
  /** Handles login, callback and logout below {@link basePath}; `undefined` for any other path. */
  handle(request: Request, details?: RequestDetails): Promise<Response | undefined>
  /**
   * The session of the request's cookie, its tokens refreshed under a row lock if they are about to expire.
   * `undefined` without a cookie or once the session has ended.
   *
   * @throws {CW_SESSION_ORIGIN} A state-changing request without a same-origin proof, or a WebSocket of another origin.
   * @throws {CW_PROVIDER_UNAVAILABLE} The access token has expired and the provider cannot be reached.
   * @throws {CW_STATE_UNAVAILABLE} The session store cannot be reached.
   */
  authenticate(request: SessionRequest, use?: SessionUse): Promise<Session | undefined>
  /**
   * Calls back when this process may have ended the session: by a logout, a back-channel logout or a new
   * login in the same browser. `revocations` reports what other replicas do. Returns a function that stops it.
   */
  watch(session: Session, onNews: () => void): () => void
  /**
   * The redirect that starts a login: to the provider, or to `publicUrl` first if the request came on another host
   * name. `undefined` if the request is not a navigation and should get a 401. A step-up that the session's own login has
   * just asked for is not asked for again: the response is a page with status 403.
   */
  challenge(request: SessionRequest, needs?: LoginNeeds): Promise<Response | undefined>
  /**
   * Where the user of a refused request signs in: `/auth/login?returnTo=…`, a path of this service. After the login, a
   * navigation returns to its own page; any other request to the page that sent it, if its `Referer` says which.
   *
   * @param stepUp What the login asks of the realm, if the user is signed in already.
   */
  loginPath(request: SessionRequest, stepUp?: ChallengeParameters): string
  /**
   * Gets new tokens for the request's session now, so that changed roles take effect without a new login. `undefined` without
   * a session, and if the realm has ended it.
   *
   * @throws {CW_PROVIDER_UNAVAILABLE} The realm cannot be reached; the session keeps its old token.
   */
  refreshSession(request: SessionRequest): Promise<Session | undefined>
  /** Stops following the store's changes; call it when the service stops. */
  close(): Promise<void>
}
