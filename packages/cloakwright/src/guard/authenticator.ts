import { atOnceOf } from '../at-once.ts'
import type { Clock } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import { PerRequest } from '../per-request.ts'
import { continueWith, isPromise } from '../promise.ts'
import type { Session, SessionEngine, SessionUse } from '../session/index.ts'
import {
  type AccessToken,
  recheckBy,
  tokenOf,
  type Verifier,
  verifyAtOnceBy,
  verifySessionBy,
} from '../token/index.ts'
import { presentationOf } from './presentation.ts'
import { type Credentials, type GuardedRequest, refuseJoined } from './request/index.ts'
import type { Tickets } from './websocket/index.ts'

/**
 * Identifies the user of a request. Results that took an await are cached for the request, for a second: however many
 * guards it passes, its proof and its ticket are used once, its session is loaded once, and the realm is asked once.
 */
export interface Authenticator {
  /** Synchronous, without a promise, if nothing has to be fetched. */
  userOfToken(request: GuardedRequest, credentials: Credentials): AccessToken | Promise<AccessToken>
  userOfTicket(request: GuardedRequest, tickets: Tickets, ticket: string): Promise<AccessToken>
  /**
   * Returns no user if only a new login helps. Any other refusal (audience, issuer, clock) would occur again after a
   * new login, in endless redirects. Synchronous, without a promise, if session and token are cached.
   */
  userOfSession(
    request: GuardedRequest,
    sessions: SessionEngine,
    use: SessionUse,
  ): SessionUser | undefined | Promise<SessionUser | undefined>
}

/** A session, and the user of its token. */
export interface SessionUser {
  readonly session: Session
  readonly user: AccessToken | undefined
}

/** Creates the authenticator of one verifier; all guards with the same verifier share its results. */
export function createAuthenticator(verifier: Verifier): Authenticator {
  const { clock, proofs } = verifier
  const verifyAtOnce = verifyAtOnceBy(verifier)
  const verifySession = verifySessionBy(verifier)
  const users = foundBy(usersByVerifier, verifier)

  const keepUser = (request: GuardedRequest, user: Promise<AccessToken>): Promise<AccessToken> =>
    users.keep(request.identity, credentialsText(request), user, clock.now())
  const knownUser = (request: GuardedRequest): Promise<AccessToken> | undefined =>
    users.has(request.identity)
      ? users.find(request.identity, credentialsText(request), clock.now())
      : undefined
  /** By its token: within one request, a session may get a new one. */
  const userOfTokenIn = (request: GuardedRequest, session: Session): AccessToken | Promise<AccessToken> => {
    const { accessToken, createdAt } = session
    const { identity } = request
    const known = users.has(identity) ? users.find(identity, accessToken, clock.now()) : undefined
    if (known !== undefined) return known
    const user = verifySession(accessToken, createdAt / 1000)
    return isPromise(user) ? users.keep(identity, accessToken, user, clock.now()) : user
  }

  const userIn = (
    session: Session | undefined,
    request: GuardedRequest,
  ): SessionUser | undefined | Promise<SessionUser> => {
    if (session === undefined) return undefined
    try {
      const user = userOfTokenIn(request, session)
      return isPromise(user) ? userLater(session, user) : toSessionUser(session, user)
    } catch (error) {
      return orNoUser(session, error)
    }
  }

  return {
    userOfToken(request, credentials) {
      const known = knownUser(request)
      if (known !== undefined) return known
      const { scheme, token } = credentials
      let user: AccessToken | Promise<AccessToken>
      try {
        user = verifyAtOnce(token, presentationOf(request, scheme, proofs))
      } catch (error) {
        refuseJoined(credentials)
        throw error
      }
      return isPromise(user) ? keepUser(request, verifiedLater(user, credentials)) : tokenOf(user, null)
    },
    userOfTicket(request, tickets, ticket) {
      const redeemed = foundBy(usersByTickets, tickets)
      const now = clock.now()
      return (
        redeemed.find(request.identity, ticket, now) ??
        redeemed.keep(request.identity, ticket, redeem(verifier, tickets, ticket), now)
      )
    },
    userOfSession(request, sessions, use) {
      const cookies = request.fields('cookie')
      if (cookies.length === 0) return undefined
      return continueWith(sessionOf(request, sessions, use, cookies, clock), userIn, request)
    },
  }
}

async function verifiedLater(user: Promise<AccessToken>, credentials: Credentials): Promise<AccessToken> {
  try {
    return tokenOf(await user, null)
  } catch (error) {
    refuseJoined(credentials)
    throw error
  }
}

/** A ticket may be from a token for another service, by another guard with the same keys, or live longer than its token. */
async function redeem(verifier: Verifier, tickets: Tickets, ticket: string): Promise<AccessToken> {
  return await recheckBy(verifier, await tickets.redeem(ticket))
}

function sessionOf(
  request: GuardedRequest,
  sessions: SessionEngine,
  use: SessionUse,
  cookies: readonly string[],
  clock: Clock,
): Session | undefined | Promise<Session | undefined> {
  const loaded = foundBy(sessionsByEngine, sessions)
  // The engine does not use a session for a request with an Authorization header.
  const question = (): string => `${use.freshAfter ?? ''}\n${cookies.join('\n')}`
  const { identity } = request
  const known = loaded.has(identity) ? loaded.find(identity, question(), clock.now()) : undefined
  if (known !== undefined) return known
  // oxlint-disable-next-line typescript/unbound-method -- it only identifies the function
  const atOnce = atOnceOf(sessions.authenticate)
  const session = atOnce === undefined ? sessions.authenticate(request, use) : atOnce(request, use)
  return isPromise(session) ? loaded.keep(identity, question(), session, clock.now()) : session
}

async function userLater(session: Session, user: Promise<AccessToken>): Promise<SessionUser> {
  try {
    return toSessionUser(session, await user)
  } catch (error) {
    return orNoUser(session, error)
  }
}

/** Calls on behalf of the user end with the session. */
function toSessionUser(session: Session, user: AccessToken): SessionUser {
  return { user: tokenOf(user, session), session }
}

function orNoUser(session: Session, error: unknown): SessionUser {
  if (needsNewLogin(error)) return { user: undefined, session }
  throw error
}

/** The realm's keys were replaced since the login, or the session's tokens were revoked. */
function needsNewLogin(error: unknown): boolean {
  return error instanceof CloakwrightError && orphaned.has(error.code)
}

const orphaned: ReadonlySet<string> = new Set([
  'CW_TOKEN_KEY_UNKNOWN',
  'CW_TOKEN_SIGNATURE',
  'CW_TOKEN_REVOKED',
])

const usersByVerifier = new WeakMap<object, PerRequest<AccessToken>>()
const usersByTickets = new WeakMap<object, PerRequest<AccessToken>>()
const sessionsByEngine = new WeakMap<object, PerRequest<Session | undefined>>()

function foundBy<T>(all: WeakMap<object, PerRequest<T>>, finder: object): PerRequest<T> {
  const found = all.get(finder) ?? new PerRequest<T>()
  all.set(finder, found)
  return found
}

/** A request object that is reused, as tests and pools do, with other credentials is another request. */
function credentialsText(request: GuardedRequest): string {
  return ['authorization', 'dpop', 'cookie'].map((name) => request.fields(name).join('\n')).join('\n')
}
