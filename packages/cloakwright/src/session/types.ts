import type { ChallengeParameters } from '../errors.ts'
import type { Pages } from '../pages/index.ts'

/** The parts of a request that identify a session; a web `Request` fits. */
export interface SessionRequest {
  readonly method: string
  readonly url: string
  readonly headers: { get(name: string): string | null }
  /** The request's id, for the log and the error page; the engine creates one if this is missing. */
  id?(): string
  /** The client's IP address, as far as the framework trusts its proxies. */
  address?(): string | undefined
}

/** What an adapter knows about a request, in addition to the request itself. */
export interface RequestDetails {
  /** The request's id, for the log and the error page; the engine creates one by default. */
  readonly requestId?: string | undefined
  /** The client's IP address, for the user's list of sessions: never from a header that a client can send. */
  readonly address?: string | undefined
}

/** A live browser session; `Data` is the service's own data in it. */
export interface Session<Data = unknown> {
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
  /** The service's own data, from {@link SessionOptions.onLogin} or {@link update}; frozen. `undefined` if there is none. */
  readonly data: Data | undefined
  /**
   * Gets new tokens from the realm now, so that changed roles take effect without a new login. Resolves to the session with
   * the new access token; `undefined` if it has ended. This object does not change. An adapter's `refreshSession(request)`
   * does the same, and returns the user with the new roles.
   *
   * @throws {CW_PROVIDER_UNAVAILABLE} The realm cannot be reached; the session keeps its old token.
   */
  refresh(): Promise<Session<Data> | undefined>
  /**
   * Changes the service's own data, on every replica. The function gets the current data and returns the new; it is called
   * again if another request has changed the data meanwhile, so no change is lost. Resolves to the session with the new data;
   * `undefined` if it has ended. This object does not change.
   *
   * @throws {CW_SESSION_DATA} The new data is not JSON, or has more than 4,096 bytes. Nothing was changed.
   * @throws {CW_STATE_UNAVAILABLE} The session store cannot be reached.
   * @example
   * ```ts
   * import type { Session } from 'cloakwright/session'
   *
   * export async function chooseTheme(session: Session<{ theme: string }>, theme: string): Promise<void> {
   *   await session.update((data) => ({ ...data, theme }))
   * }
   * ```
   */
  update(change: (data: Data | undefined) => Data): Promise<Session<Data> | undefined>
}

/** A session in the list of its user's. */
export interface SessionInfo {
  /** Identifies the session in this list, for {@link SessionEngine.end}; it cannot be used to sign in. */
  readonly id: string
  /** Whether it is the session that asks. */
  readonly current: boolean
  /** The name of the browser, such as `Firefox`; `undefined` if it is unknown. */
  readonly browser: string | undefined
  /** The name of the operating system or device, such as `Windows` or `iPhone`; `undefined` if it is unknown. */
  readonly system: string | undefined
  /** The `User-Agent` at the login: printable ASCII, at most 256 characters. A client can send anything: escape it in pages. */
  readonly userAgent: string | undefined
  /** The IP address at the login; `undefined` if the framework does not know it. */
  readonly address: string | undefined
  /** When the user signed in, in milliseconds since the epoch. */
  readonly createdAt: number
  /** When the session was used last, in milliseconds since the epoch; a minute late at most. */
  readonly lastSeenAt: number
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
export interface SessionEngine<Data = unknown> {
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
  authenticate(request: SessionRequest, use?: SessionUse): Promise<Session<Data> | undefined>
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
  refreshSession(request: SessionRequest): Promise<Session<Data> | undefined>
  /**
   * The live sessions of a session's user in this service: this one first, then those that were used last, at most 100.
   *
   * @throws {CW_STATE_UNAVAILABLE} The session store cannot be reached.
   * @example
   * ```ts
   * import { requireUser, sessionOf } from 'cloakwright/express'
   * import type { SessionEngine } from 'cloakwright/session'
   * import express from 'express'
   *
   * export function devices(sessions: SessionEngine): express.Router {
   *   return express.Router().get('/devices', requireUser(), async (request, response) => {
   *     const session = sessionOf(request)
   *     response.json(session === undefined ? [] : await sessions.list(session))
   *   })
   * }
   * ```
   */
  list(session: Session): Promise<readonly SessionInfo[]>
  /**
   * Ends one session of a session's user, by its id in the list: on every replica, with its tokens, and the realm's own
   * session of that browser. `false` if the user has no live session with this id.
   *
   * @throws {CW_STATE_UNAVAILABLE} The session store cannot be reached; the session may not have ended.
   */
  end(session: Session, id: string): Promise<boolean>
  /**
   * Ends all sessions of a session's user but this one, and resolves to their number.
   *
   * @throws {CW_STATE_UNAVAILABLE} The session store cannot be reached; some sessions may not have ended.
   */
  endOthers(session: Session): Promise<number>
  /** Stops following the store's changes; call it when the service stops. */
  close(): Promise<void>
}
