import type { FastifyReply } from 'fastify'
import { configureTotpAlias, pendingActions } from '../authentication/index.ts'
import { baseUrl, type LoginSession, type LoginTab } from '../context/index.ts'
import type { Client, User } from '../model/index.ts'
import { endSession, type Form, formOf, queryOf, resolveRedirectUri } from '../oidc/index.ts'
import { expiredPage } from '../pages/index.ts'
import { sendToClient } from './client-response.ts'
import { completeLogin } from './complete-login.ts'
import { cookies, dropIdentity, readCookie, readIdentity, readRestart, setLoginSession } from './cookies.ts'
import { takeConsent } from './device/index.ts'
import {
  forbidStoring,
  type LoginContext,
  loginIssuer,
  redirect,
  sendLoginError,
  sendLoginPage,
} from './login-context.ts'
import { expiredMessage, showStep, stepOf } from './steps/index.ts'
import { takeClientConsent } from './take-consent.ts'
import { actionUrl, executionOf, isLoginStep, readClientData } from './urls.ts'

/**
 * GET and POST `login-actions/{authenticate|required-action|restart}`: the steps of a login. A form is accepted only with the
 * cookie of its browser and the session code of its page, so another site cannot log a browser in.
 */
export async function loginAction(login: LoginContext): Promise<unknown> {
  const { context, request, realm } = login
  const query = queryOf(request)
  forbidStoring(login)
  const client = realm.clientByName.get(query.get('client_id') ?? '')
  if (client === undefined) {
    return sendLoginError(login, query.has('client_id') ? expiredMessage : restartMessage)
  }
  const session = context.logins.get(realm, readCookie(request, cookies.loginSession), context.now())
  const tab = session?.tabs.get(query.get('tab_id') ?? '')
  if (session === undefined || tab === undefined) return recover(login, client, query)
  if (tab.request.clientId !== client.clientId) return sendLoginError(login, expiredMessage)
  const { action } = request.params as { action: string }
  if (action === 'restart') return restart(login, tab, query)
  if (action === 'consent' && request.method === 'POST') {
    const take = tab.request.device === undefined ? takeClientConsent : takeConsent
    return take(login, session, tab)
  }
  return request.method === 'POST' ? takeForm(login, session, tab, query) : showTab(login, tab, query)
}

/** Goes back to the first step and ends the browser's login, unless the page requests to keep it. */
async function restart(login: LoginContext, tab: LoginTab, query: Form): Promise<unknown> {
  const own = await readIdentity(login)
  if (own !== undefined && query.get('skip_logout') !== 'true') {
    endSession(login, own.id)
    dropIdentity(login)
  }
  tab.step = 'password'
  tab.isReauthentication = false
  delete tab.userId
  return redirect(login, actionUrl(login, tab))
}

function showTab(login: LoginContext, tab: LoginTab, query: Form): FastifyReply {
  return query.has('session_code') ? redirect(login, actionUrl(login, tab)) : showStep(login, tab)
}

/** Processes the form of the last page shown, and continues with the next step. */
async function takeForm(
  login: LoginContext,
  session: LoginSession,
  tab: LoginTab,
  query: Form,
): Promise<unknown> {
  if (query.get('session_code') !== tab.sessionCode) {
    tab.notes.alert = 'Action expired. Please continue with login now.'
    return redirect(login, actionUrl(login, tab))
  }
  if (query.get('execution') !== executionOf(tab.step)) {
    const body = expiredPage(actionUrl(login, tab, { path: 'restart' }), actionUrl(login, tab))
    return sendLoginPage(login, { title: 'Page has expired', body })
  }
  const isAction = !isLoginStep(tab.step)
  const outcome = await stepOf(tab).submit(login, tab, formOf(login.request))
  if (outcome.result === 'failed') return sendLoginError(login, outcome.reason)
  if (outcome.result === 'show') return showStep(login, tab, outcome.message)
  return proceed(login, session, tab, outcome.user, isAction)
}

/** Continues with the next required action, or completes the login. */
async function proceed(
  login: LoginContext,
  loginSession: LoginSession,
  tab: LoginTab,
  user: Readonly<User>,
  isAction: boolean,
): Promise<unknown> {
  const [next] = actionsBefore(login, tab, user)
  if (next !== undefined) {
    tab.step = next
    tab.sessionCode = ''
    return redirect(login, actionUrl(login, tab))
  }
  const own = await readIdentity(login)
  // The session of another user is not reused: the browser gets a new one.
  const continued = own?.userId === user.id ? own : undefined
  return completeLogin(login, {
    loginSession,
    tab,
    user,
    ...(continued === undefined ? {} : { session: continued }),
    isProven: tab.notes.proven === 'true' || (isAction && continued === undefined),
  })
}

/** The pending actions of this login: those of the user, and those that the flow added. */
function actionsBefore({ realm }: LoginContext, tab: LoginTab, user: Readonly<User>): string[] {
  const found = tab.notes.setUpOtp === 'true' ? [configureTotpAlias] : []
  return pendingActions(realm, { ...user, requiredActions: [...user.requiredActions, ...found] })
}

/** The tab is gone. A logged-in browser returns to its application; otherwise the login restarts from its cookie. */
async function recover(login: LoginContext, client: Readonly<Client>, query: Form): Promise<unknown> {
  const { context, request, reply, realm } = login
  const data = readClientData(query.get('client_data'))
  if (data !== undefined && (await readIdentity(login)) !== undefined) {
    const redirectUri = resolveRedirectUri(client, data.redirectUri, baseUrl(context, request), true)
    if (redirectUri === undefined) return sendLoginError(login, 'Invalid parameter: redirect_uri')
    const mode =
      data.responseMode === 'fragment' || data.responseMode === 'form_post' ? data.responseMode : 'query'
    return sendToClient(reply, redirectUri, mode, {
      error: 'temporarily_unavailable',
      error_description: 'authentication_expired',
      state: data.state,
      iss: loginIssuer(login),
    })
  }
  const authorization = await readRestart(login)
  if (authorization === undefined) return sendLoginError(login, restartMessage)
  const before = context.logins.get(realm, readCookie(request, cookies.loginSession), context.now())
  const { session, tab } = context.logins.openTab(realm, before, authorization, context.now())
  setLoginSession(login, session.id)
  return redirect(login, actionUrl(login, tab))
}

const restartMessage =
  'Restart login cookie not found. It may have expired; it may have been deleted or cookies are disabled in your browser. If cookies are disabled then enable them. Click Back to Application to login again.'
