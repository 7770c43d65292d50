import type { FastifyReply } from 'fastify'
import type { LoginSession, LoginTab } from '../context/index.ts'
import { addConsent, consentItems, formOf, grantScope } from '../oidc/index.ts'
import { sendToClient } from './client-response.ts'
import { completeLogin } from './complete-login.ts'
import { cookies, dropCookie, readIdentity } from './cookies.ts'
import { type LoginContext, loginIssuer, redirect, sendLoginError } from './login-context.ts'
import { expiredMessage, userOf } from './steps/index.ts'
import { actionUrl } from './urls.ts'

/** POST `login-actions/consent`: the user grants a client access, or denies it. */
export async function takeClientConsent(
  login: LoginContext,
  loginSession: LoginSession,
  tab: LoginTab,
): Promise<unknown> {
  const { context, realm } = login
  const form = formOf(login.request)
  if (tab.step !== 'consent' || tab.sessionCode === '' || form.get('code') !== tab.sessionCode)
    return redirect(login, actionUrl(login, tab))
  const user = userOf(login, tab)
  const client = realm.clientByName.get(tab.request.clientId)
  const own = await readIdentity(login)
  const isProven = tab.notes.proven === 'true'
  // A session that ended while the page was open proves nothing.
  const hasSession = own !== undefined && own.userId === user?.id
  if (user === undefined || !user.enabled || client === undefined || !(isProven || hasSession))
    return sendLoginError(login, expiredMessage)
  if (form.has('cancel')) return deny(login, loginSession, tab)
  const items = consentItems(realm, client, grantScope(realm, client, tab.request.scope))
  addConsent(realm, user, client, items, context.now())
  return completeLogin(login, {
    loginSession,
    tab,
    user,
    ...(hasSession ? { session: own } : {}),
    isProven,
    isGranted: true,
  })
}

function deny(login: LoginContext, loginSession: LoginSession, { request }: LoginTab): FastifyReply {
  login.context.logins.close(loginSession)
  dropCookie(login, cookies.restart)
  return sendToClient(login.reply, request.redirectUri, request.responseMode, {
    error: 'access_denied',
    state: request.state,
    iss: loginIssuer(login),
  })
}
