import type { FastifyReply } from 'fastify'
import { type LoginSession, type LoginTab, randomToken, seconds } from '../context/index.ts'
import type { Client, User, UserSession } from '../model/index.ts'
import { grantScope, joinSession, newSession } from '../oidc/index.ts'
import { sendToClient } from './client-response.ts'
import { cookies, dropCookie, setIdentity, setLoginSession } from './cookies.ts'
import { type LoginContext, loginIssuer, sendLoginError } from './login-context.ts'

/** A completed login. */
export interface CompleteLogin {
  readonly loginSession: LoginSession
  readonly tab: LoginTab
  readonly user: Readonly<User>
  /** The browser's previous session; absent for a first login. */
  readonly session?: Readonly<UserSession>
  /** Whether the user authenticated just now. */
  readonly isProven?: boolean
}

/**
 * Completes a login: the session (new, with a new id, unless the user's own one continues), the browser's cookies, and the
 * response to the client with an authorization code.
 */
export async function completeLogin(
  login: LoginContext,
  { loginSession, tab, user, session: before, isProven = false }: CompleteLogin,
): Promise<FastifyReply> {
  const { context, request, reply, realm } = login
  const authorization = tab.request
  const client = realm.clientByName.get(authorization.clientId) as Readonly<Client>
  const { pushed } = authorization
  if (pushed !== undefined && !context.pushed.use(pushed, context.now()))
    return sendLoginError(login, 'Invalid username or password.') // Keycloak's message, whatever the password
  const now = seconds(context)
  const proof = isProven ? { AUTH_TIME: String(now) } : {}
  const base = before ?? newSession(user, request.ip, now, { AUTH_TIME: String(now) })
  const scope = grantScope(realm, client, authorization.scope)
  const acr = before === undefined || isProven ? '1' : '0'
  const { session } = joinSession(realm, { ...base, notes: { ...base.notes, ...proof } }, client, {
    scope: scope.full,
    issuer: loginIssuer(login),
    now,
    notes: { acr, redirectUri: authorization.redirectUri },
  })
  context.logins.close(loginSession)
  // A new id for the next login: an id planted before this one is worthless.
  setLoginSession(login, randomToken(24))
  dropCookie(login, cookies.restart)
  await setIdentity(login, session)
  const code =
    authorization.responseType === 'none'
      ? undefined
      : context.codes.issue({
          realmId: realm.info.id,
          sessionId: session.id,
          clientId: client.id,
          redirectUri: authorization.redirectUri,
          scope: scope.full,
          acr,
          nonce: authorization.nonce,
          challenge: authorization.challenge,
          challengeMethod: authorization.challengeMethod,
          expiresAt: context.now() + realm.info.accessCodeLifespan * 1000,
        })
  return sendToClient(reply, authorization.redirectUri, authorization.responseMode, {
    state: authorization.state,
    session_state: session.id,
    iss: loginIssuer(login),
    code,
  })
}
