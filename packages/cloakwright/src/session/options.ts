import type { CloakwrightError } from '../errors.ts'
import type { Claims } from '../jws/index.ts'
import type { Fetch } from '../metadata/index.ts'
import type { PagesOptions } from '../pages/index.ts'
import type { CredentialOptions } from '../provider/index.ts'
import type { SessionKeys } from '../sealing.ts'
import type { SessionStore } from '../state/index.ts'
import type { Revocations } from '../token/index.ts'
import type { SessionRequest } from './types.ts'

/** Where an error occurred. */
export interface SessionErrorDetails {
  /** The id of the request, as on the error page; `undefined` if no single request caused the error. */
  readonly requestId: string | undefined
}

/** A login that is about to create a session. */
export interface LoginEvent<Data = unknown> {
  readonly subject: string
  /** The provider's session id (`sid`). */
  readonly sid: string | undefined
  /** The claims of the ID token, which was verified. */
  readonly claims: Claims
  /** The access token of the new session. */
  readonly accessToken: string
  /** The data of the session that this login replaces, if the same user is signed in in this browser. */
  readonly data: Data | undefined
  /** The request's id, as in the log and on an error page. */
  readonly requestId: string
}

/** A session that has ended. */
export interface LogoutEvent<Data = unknown> {
  readonly subject: string
  /** The provider's session id (`sid`). */
  readonly sid: string | undefined
  /** The service's own data in it; `undefined` if there is none, or its key was removed. */
  readonly data: Data | undefined
  /**
   * `logout`: the user signed out. `device`: the user ended it from another session. `realm`: the realm ended it, by a
   * back-channel logout or at a refresh. `replaced`: another user signed in in the same browser.
   */
  readonly reason: 'logout' | 'device' | 'realm' | 'replaced'
}

/** The options of a {@link createSessions | session engine}; `Data` is the service's own data in its sessions. */
export interface SessionOptions<Data = unknown> extends CredentialOptions {
  /** The realm's public URL, exactly as in `iss`: `https://HOST/realms/REALM`. */
  readonly issuer: string
  /** The realm's URL for the service itself, if it differs from `issuer`. */
  readonly internalUrl?: string | undefined
  readonly clientId: string
  /**
   * The origin that browsers use, the only host for login and callback: a navigation on any other host is redirected here
   * first. A reverse proxy should forward the requested host; `onError` is called once if it does not.
   */
  readonly publicUrl: string
  /**
   * The first key encrypts, all decrypt. To rotate without a logout: add the new key at the end on every replica, then
   * move it to the front, and drop the old one after `absoluteTimeout`. A function is called before each use.
   */
  readonly keys: SessionKeys
  readonly store: SessionStore
  /**
   * Ends the access tokens of a session at a logout, by the user or by the realm, wherever they are used. Pass it to
   * the verifier too. Without it, a token that was already handed out is valid until its `exp`.
   */
  readonly revocations?: Revocations | undefined
  /**
   * The name of the session cookie. By default it ends in a hash of issuer, client and `basePath`, so that services on one host
   * do not share it. On https it must start with `__Host-`.
   */
  readonly cookieName?: string | undefined
  /** The pages at sign-in and sign-out. If this is set, guards with these sessions refuse navigations with them, too. */
  readonly pages?: PagesOptions | undefined
  /** The path prefix of login, callback and logout; `/auth` by default. */
  readonly basePath?: string | undefined
  /**
   * Where a browser lands after it signed out: a path of this service, or a URL that the realm has as a valid post logout
   * redirect URI; `/` by default.
   */
  readonly postLogoutUrl?: string | undefined
  /**
   * Whether a form is kept that a browser sends after its session has ended, or that needs a step-up. It is encrypted, and its
   * user can send it after the login, within an hour. `true` by default, for forms up to 64,000 bytes. `multipart` also keeps
   * forms of the type `multipart/form-data`, if they contain no file.
   */
  readonly saveForms?: boolean | 'multipart' | undefined
  /**
   * Sends each login to the realm first (PAR, RFC 9126), so that the browser only carries a reference to it. By default only if
   * the realm requires it: it is one more request to the realm for each login, even an abandoned one, and a reload of
   * Keycloak's login page after a minute ends in an error. Turn it on if the client requires it in Keycloak.
   */
  readonly pushedAuthorization?: boolean | undefined
  /**
   * The resource to request access tokens for (RFC 8707), for providers that issue JWTs for a named resource only. Keycloak
   * does not need it: its mappers decide on the audience.
   */
  readonly resource?: string | undefined
  /** Scopes to request at login, `openid` by default; `openid` is required. */
  readonly scope?: string | undefined
  /** Seconds without a request after which a session ends: 1800 by default, as Keycloak's SSO session idle. */
  readonly idleTimeout?: number | undefined
  /** Seconds after login at which a session ends in any case: 36000 by default, as Keycloak's SSO session max. */
  readonly absoluteTimeout?: number | undefined
  /** Seconds before its end at which an access token is refreshed: 30 by default, at most half of its lifetime. */
  readonly refreshMargin?: number | undefined
  /** Timeout of one call to the provider in milliseconds: 10000 by default. */
  readonly timeout?: number | undefined
  /**
   * Called at each login, after the realm's response was checked and before the session exists: creates the user's row, or
   * loads what each request needs. The result is the session's own data: JSON, at most 4,096 bytes, encrypted in the store.
   * Without a result, a session that continues the same user's keeps its data.
   *
   * If it throws, the user is not signed in: the browser gets an error page, and the realm's tokens are revoked. To refuse a user,
   * throw `new CloakwrightError('CW_FORBIDDEN', reason)`: the page is a 403. Any other error is a 500 with `CW_HOOK_FAILED`,
   * also if it takes longer than `timeout`.
   */
  readonly onLogin?: ((login: LoginEvent<Data>) => MaybePromise<Data | undefined | void>) | undefined
  /**
   * Called after a session has ended, once, by the replica that ended it. The response waits for it for 2 seconds at most; an
   * error is passed to `onError`. Not called for a session that expires, or whose row was deleted by hand.
   */
  readonly onLogout?: ((logout: LogoutEvent<Data>) => MaybePromise<void>) | undefined
  /**
   * The client's IP address for the user's list of sessions, if the framework does not know it: Next.js, web requests, Hono
   * behind a proxy. Read only a header that your proxy always overwrites: `(request) => request.headers.get('x-real-ip')`.
   */
  readonly clientAddress?: ((request: SessionRequest) => string | null | undefined) | undefined
  /**
   * Called for the log: with each error that is shown as an error page, with each return path that was shortened, and once if
   * a proxy hides the host. The errors contain no token, secret or claim value.
   */
  readonly onError?: ((error: CloakwrightError, details: SessionErrorDetails) => void) | undefined
  /** Seconds that the realm's clock may differ by, 0–300; 5 by default. It applies to ID tokens and logout tokens. */
  readonly clockTolerance?: number | undefined
  readonly fetch?: Fetch | undefined
  /** Milliseconds since the epoch; the system’s time by default. */
  readonly now?: (() => number) | undefined
  /** Accepts plain http beyond loopback, for development; refused when `NODE_ENV=production`. */
  readonly dangerouslyAllowHttp?: boolean | undefined
}

type MaybePromise<T> = T | Promise<T>
