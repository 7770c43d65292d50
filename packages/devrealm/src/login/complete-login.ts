import type { FastifyReply } from 'fastify'
import { type LoginSession, type LoginTab, randomToken, seconds } from '../context/index.ts'
import type { Client, User, UserSession } from '../model/index.ts'
import { grantScope, joinSession, newSession } from '../oidc/index.ts'
import { sendToClient } from './client-response.ts'
import { cookies, dropCookie, setIdentity, setLoginSession } from './cookies.ts'
import { type LoginContext, loginIssuer } from './login-context.ts'

/** A login that nothing is missing from. */
export interface CompleteLogin {
  readonly loginSession: LoginSession
  readonly tab: LoginTab
  readonly user: Readonly<User>
  /** The session that the browser had; absent for a first login. */
  readonly session?: Readonly<UserSession>
  /** Whether the user proved who it is just now. */
  readonly isProven?: boolean
}

/**
 * Ends a login: the session (a new one, under a new id, unless the user's own goes on), the browser's cookies, and the answer to the
 * client with its authorization code.
 */
export async function completeLogin(
  login: LoginContext,
  { loginSession, tab, user, session: before, isProven = false }: CompleteLogin,
): Promise<FastifyReply> {
  const { context, request, reply, realm } = login
  const authorization = tab.request
  const client = realm.clientByName.get(authorization.clientId) as Readonly<Client>
  const now = seconds(context)
  const proof = isProven ? { AUTH_TIME: String(now) } : {}
  const base = before ?? newSession(user, request.ip, now, { AUTH_TIME: String(now) })
  const scope = grantScope(realm, client, authorization.scope)
  const acr = before === undefined || isProven ? '1' : '0'
  const { session } = joinSession(realm, { ...base, notes: { ...base.notes, ...proof } }, client, {
    scope: scope.full,
    now,
    notes: { acr, redirectUri: authorization.redirectUri },
  })
  context.logins.close(loginSession)
  // A new name for the next login: what someone may have planted before this one is worth nothing.
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
