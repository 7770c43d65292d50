import type { FastifyReply } from 'fastify'
import { baseUrl, type LoginSession, type LoginTab, randomToken, seconds } from '../context/index.ts'
import type { Client, ClientSession, User, UserSession } from '../model/index.ts'
import {
  grantScope,
  isOffline,
  issueAtAuthorization,
  joinSession,
  newSession,
  restoreScope,
} from '../oidc/index.ts'
import { sendToClient } from './client-response.ts'
import { consentsToAsk } from './consents-to-ask.ts'
import { cookies, dropCookie, setIdentity, setLoginSession } from './cookies.ts'
import { type LoginContext, loginIssuer, redirect, sendLoginError } from './login-context.ts'
import { acrOf } from './requested-acr.ts'
import { showStep } from './steps/index.ts'

/** A completed login. */
export interface CompleteLogin {
  readonly loginSession: LoginSession
  readonly tab: LoginTab
  readonly user: Readonly<User>
  /** The browser's previous session; absent for a first login. */
  readonly session?: Readonly<UserSession>
  /** Whether the user authenticated just now. */
  readonly isProven?: boolean
  /** Whether the user granted access on the consent page. */
  readonly isGranted?: boolean
}

/**
 * Completes a login: the session (new, with a new id, unless the user's own one continues), the browser's cookies, and the
 * response to the client with an authorization code.
 */
export async function completeLogin(
  login: LoginContext,
  { loginSession, tab, user, session: before, isProven = false, isGranted = false }: CompleteLogin,
): Promise<FastifyReply> {
  const { context, request, reply, realm } = login
  const authorization = tab.request
  const client = realm.clientByName.get(authorization.clientId) as Readonly<Client>
  const { pushed, device } = authorization
  const mustAsk = device !== undefined || consentsToAsk(realm, user, authorization).length > 0
  if (mustAsk && !isGranted) return askForConsent(login, tab, user, isProven)
  if (pushed !== undefined && !context.pushed.use(pushed, context.now()))
    return sendLoginError(login, 'Invalid username or password.') // Keycloak's message, whatever the password
  const now = seconds(context)
  const proof = isProven ? { AUTH_TIME: String(now) } : {}
  const base = before ?? newSession(user, request.ip, now, { AUTH_TIME: String(now) })
  const scope =
    device === undefined
      ? grantScope(realm, client, authorization.scope)
      : restoreScope(realm, client, authorization.scope ?? '')
  const level = before === undefined || isProven ? 1 : 0
  const acr = acrOf(realm, client, authorization.acr ?? [], level)
  const { session, clientSession } = joinSession(
    realm,
    { ...base, notes: { ...base.notes, ...proof } },
    client,
    {
      scope: scope.full,
      issuer: loginIssuer(login),
      now,
      notes: { acr, redirectUri: authorization.redirectUri },
    },
  )
  context.logins.close(loginSession)
  // A new id for the next login: an id planted before this one is worthless.
  setLoginSession(login, randomToken(24))
  dropCookie(login, cookies.restart)
  await setIdentity(login, session)
  if (device !== undefined) {
    context.devices.decide(device, { sessionId: session.id, scope: scope.full, acr })
    return redirect(login, `${loginIssuer(login)}/device/status`)
  }
  const types = authorization.responseType.split(' ')
  const code = !types.includes('code')
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
        dpopJkt: authorization.dpopJkt,
        expiresAt: context.now() + realm.info.accessCodeLifespan * 1000,
      })
  return sendToClient(reply, authorization.redirectUri, authorization.responseMode, {
    state: authorization.state,
    session_state: session.id,
    iss: loginIssuer(login),
    code,
    ...(await issueAtAuthorization(
      {
        realm,
        issuer: loginIssuer(login),
        base: baseUrl(context, request),
        client,
        user,
        scope,
        now,
        type: 'na',
        jkt: undefined,
        session,
        clientSession: withNonce(clientSession, authorization.nonce),
        offline: isOffline(scope),
      },
      types,
      { code, state: authorization.state },
    )),
  })
}

function withNonce(session: ClientSession, nonce: string | undefined): ClientSession {
  return nonce === undefined ? session : { ...session, notes: { ...session.notes, nonce } }
}

/** A login for a device, or for a client that requires consent, ends with the question whether it gets access. */
function askForConsent(
  login: LoginContext,
  tab: LoginTab,
  user: Readonly<User>,
  isProven: boolean,
): FastifyReply {
  tab.userId = user.id
  tab.step = 'consent'
  if (isProven) tab.notes.proven = 'true'
  return showStep(login, tab)
}
