import { CloakwrightError } from '../errors.ts'
import type { Session } from '../session/index.ts'
import { type AccessToken, handleOf, type SessionHandle, sourceOf } from '../token/index.ts'
import { expiryOf } from './claims.ts'
import type { ApiConfig } from './options.ts'

/** Whom a call is made for: the user that a guard admitted, or a session of the engine. */
export type User = AccessToken | Session

/** A user's own token, now. */
export interface Subject {
  readonly token: string
  /** Milliseconds since the epoch; `undefined` for an opaque token. */
  readonly expiresAt: number | undefined
  /** The browser session that it belongs to. */
  readonly session: SessionHandle | undefined
}

/**
 * The user's own token: of a session, the current one.
 *
 * @param freshAfter Seconds: the token of a session that was issued longer ago is refreshed first.
 * @throws {CW_SESSION_ENDED} The user has signed out.
 * @throws {CW_TOKEN_EXPIRED} The user's bearer token has expired.
 * @throws {CW_CONFIG_MISSING} No user.
 * @throws {CW_CONFIG_INVALID} Not a user, or one of another realm.
 */
export async function subjectOf(
  user: User,
  { issuer, now }: ApiConfig,
  freshAfter?: number,
): Promise<Subject> {
  const { token, session, issuer: ownIssuer } = givenBy(user)
  if (ownIssuer !== undefined && ownIssuer !== issuer)
    throw invalid(
      'the user is from another realm than the API client',
      'Create one API client for each realm, with its issuer.',
    )
  if (session !== undefined) {
    const current = await session.current(freshAfter)
    if (current === undefined)
      throw new CloakwrightError('CW_SESSION_ENDED', 'The session of the user has ended', {
        hint: 'The user must sign in again.',
      })
    return { token: current.accessToken, expiresAt: expiryOf(current.accessToken), session }
  }
  if (token === undefined)
    throw invalid('the user has no encoded token', 'Users of WebSocket tickets and fake tokens have none.')
  const expiresAt = 'expiresAt' in user && !('accessToken' in user) ? user.expiresAt * 1000 : expiryOf(token)
  if (expiresAt !== undefined && expiresAt <= now())
    throw new CloakwrightError('CW_TOKEN_EXPIRED', 'Token: it has expired (exp) during the request', {
      hint: 'Get a new one: the service cannot refresh a bearer token of its client.',
    })
  return { token, expiresAt, session: undefined }
}

/**
 * Only its own client can use a token that is bound to a key. Keycloak exchanges a DPoP-bound one only with a proof of that
 * key; about one that is bound to a certificate, the realm decides.
 *
 * @throws {CW_TOKEN_BOUND}
 */
export function refuseBound(user: unknown, by: 'jkt' | 'any'): void {
  const binding = isObject(user) && 'binding' in user ? (user as AccessToken).binding : undefined
  if (binding === undefined || (by === 'jkt' && binding.jkt === undefined)) return
  throw new CloakwrightError('CW_TOKEN_BOUND', 'Token: it is bound to a key of its client (cnf)', {
    hint: 'Call the API with asService(), or let the client send a bearer token: the service cannot prove that key.',
  })
}

interface Given {
  readonly token: string | undefined
  readonly session: SessionHandle | undefined
  readonly issuer: string | undefined
}

function givenBy(user: unknown): Given {
  if (user === undefined || user === null)
    throw new CloakwrightError('CW_CONFIG_MISSING', 'API client: there is no user', { hint: howTo })
  if (!isObject(user)) throw invalid('not a user', howTo)
  if ('accessToken' in user && typeof user.accessToken === 'string') {
    const session = handleOf(user)
    return { token: user.accessToken, session, issuer: session?.issuer }
  }
  if (!('claims' in user) || !('subject' in user)) throw invalid('not a user', howTo)
  const token = user as AccessToken
  const source = sourceOf(token)
  const session = source?.session ? handleOf(source.session) : undefined
  return { token: source?.text, session, issuer: token.issuer }
}

const howTo = 'Pass userOf(request) behind a guard, or a session of the engine.'

function invalid(why: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `API client: ${why}`, { hint })
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
