import type { FastifyReply, FastifyRequest } from 'fastify'
import { isLockedOut, recordFailure } from '../authentication/brute-force.ts'
import { takeOtp } from '../authentication/otp.ts'
import { isActionEnabled, pendingActions } from '../authentication/pending-actions.ts'
import { verifyUser } from '../authentication/verify-user.ts'
import type { LoginSession, LoginTab } from '../context/login-state.ts'
import { baseUrl, issuerOf, type RealmContext } from '../context/realm-context.ts'
import type { User } from '../model/index.ts'
import { resolveRedirectUri } from '../oidc/clients/redirect-uri.ts'
import { realmOf } from '../oidc/endpoint.ts'
import { type Form, formOf, queryOf } from '../oidc/form.ts'
import { sendErrorPage, sendPage } from '../pages/layout.ts'
import { expiredPage } from '../pages/login.ts'
import type { RealmStore } from '../store/realm-store.ts'
import { noStore } from './auth-endpoint.ts'
import { sendToClient } from './client-response.ts'
import { completeLogin } from './complete-login.ts'
import { cookies, dropIdentity, readCookie, readIdentity, readRestart, setLoginSession } from './cookies.ts'
import { doAction } from './required-action-steps.ts'
import { secondFactorOf } from './second-factor.ts'
import { expiredMessage, showStep } from './steps.ts'
import { actionUrl, executionOf, readClientData } from './urls.ts'

interface Step {
  readonly context: RealmContext
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly realm: RealmStore
  readonly session: LoginSession
  readonly tab: LoginTab
  readonly form: Form
}

/**
 * GET and POST `login-actions/{authenticate|required-action|restart}`: the steps of a login. A form counts only with the cookie of
 * the browser that the page was shown to and the session code of that page: another site can't log a browser in.
 */
export async function loginAction(
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const realm = realmOf(context, request)
  const query = queryOf(request)
  const { action } = request.params as { action: string }
  noStore(reply)
  const client = realm.clientByName.get(query.get('client_id') ?? '')
  if (client === undefined) {
    const message = query.has('client_id') ? expiredMessage : restartMessage
    return sendErrorPage(reply, realm.info, 400, message)
  }
  const session = context.logins.session(realm, readCookie(request, cookies.loginSession), context.now())
  const tab = session?.tabs.get(query.get('tab_id') ?? '')
  if (session === undefined || tab === undefined) return recover(context, request, reply, realm, query)
  if (tab.request.clientId !== client.clientId) return sendErrorPage(reply, realm.info, 400, expiredMessage)
  if (action === 'restart') {
    const own = await readIdentity(context, request, realm)
    if (own !== undefined && query.get('skip_logout') !== 'true') {
      realm.sessions.delete(own.id)
      dropIdentity(request, reply, realm)
    }
    tab.step = 'password'
    tab.isReauthentication = false
    delete tab.userId
    return reply
      .code(302)
      .header('location', actionUrl(context, request, realm, tab))
      .send()
  }
  if (request.method !== 'POST') {
    if (!query.has('session_code')) return showStep(context, request, reply, realm, tab)
    return reply
      .code(302)
      .header('location', actionUrl(context, request, realm, tab))
      .send()
  }
  if (query.get('session_code') !== tab.sessionCode) {
    tab.notes.alert = 'Action expired. Please continue with login now.'
    return reply
      .code(302)
      .header('location', actionUrl(context, request, realm, tab))
      .send()
  }
  if (query.get('execution') !== executionOf(tab.step)) {
    const restart = actionUrl(context, request, realm, tab, { path: 'restart' })
    const body = expiredPage(restart, actionUrl(context, request, realm, tab))
    return sendPage(reply, realm.info, { title: 'Page has expired', body })
  }
  const step: Step = { context, request, reply, realm, session, tab, form: formOf(request) }
  if (tab.step === 'password') return passwordStep(step)
  return tab.step === 'otp' ? otpStep(step) : actionStep(step)
}

async function passwordStep(step: Step): Promise<unknown> {
  const { context, request, reply, realm, tab, form } = step
  const known = tab.isReauthentication && tab.userId !== undefined ? realm.users.get(tab.userId) : undefined
  const username = known?.username ?? form.get('username') ?? ''
  const outcome = await verifyUser(context, realm, {
    username,
    password: form.get('password') ?? '',
    ipAddress: request.ip,
  })
  if (outcome.result === 'refused') {
    const error = known === undefined ? 'Invalid username or password.' : 'Invalid password.'
    return showStep(context, request, reply, realm, tab, { error, username })
  }
  if (outcome.result === 'disabled') {
    const alert = 'Account is disabled, contact your administrator.'
    return showStep(context, request, reply, realm, tab, { alert, username })
  }
  tab.userId = outcome.user.id
  tab.notes.proven = 'true'
  const secondFactor = secondFactorOf(realm, outcome.user)
  if (secondFactor === 'code') {
    tab.step = 'otp'
    tab.notes.username = username
    return showStep(context, request, reply, realm, tab)
  }
  context.logins.clearFailures(outcome.user.id)
  if (secondFactor === 'set-up') {
    if (!isActionEnabled(realm, setUpOtp)) {
      return sendErrorPage(reply, realm.info, 400, 'Cannot login, credential setup required.')
    }
    tab.notes.setUpOtp = 'true'
  }
  return proceed(step, outcome.user, actionsBefore(step, outcome.user))
}

const setUpOtp = 'CONFIGURE_TOTP'

/** What the user has to do before this login ends: the user's own actions, and what the flow found missing on the way. */
function actionsBefore({ realm, tab }: Step, user: Readonly<User>): string[] {
  const found = tab.notes.setUpOtp === 'true' ? [setUpOtp] : []
  return pendingActions(realm, { ...user, requiredActions: [...user.requiredActions, ...found] })
}

async function otpStep(step: Step): Promise<unknown> {
  const { context, request, reply, realm, tab, form } = step
  const user = realm.users.get(tab.userId ?? '')
  if (user === undefined || !user.enabled) return sendErrorPage(reply, realm.info, 400, expiredMessage)
  const isRight = !isLockedOut(context, realm, user) && checkOtp(step, user, form.get('otp') ?? '')
  if (!isRight) return showStep(context, request, reply, realm, tab, { error: 'Invalid authenticator code.' })
  return proceed(step, user, actionsBefore(step, user))
}

function checkOtp({ context, realm, request }: Step, user: Readonly<User>, code: string): boolean {
  if (takeOtp(context, realm, user, code)) {
    context.logins.clearFailures(user.id)
    return true
  }
  recordFailure(context, realm, user, request.ip)
  return false
}

async function actionStep(step: Step): Promise<unknown> {
  const { context, request, reply, realm, tab, form } = step
  const user = realm.users.get(tab.userId ?? '')
  if (user === undefined || !user.enabled) return sendErrorPage(reply, realm.info, 400, expiredMessage)
  const wrong = await doAction(context, realm, tab, user, form)
  if (wrong !== undefined) return showStep(context, request, reply, realm, tab, { wrong })
  const changed = realm.users.get(user.id) as Readonly<User>
  return proceed(step, changed, actionsBefore(step, changed), true)
}

/** On to the next required action, or to the end. */
async function proceed(
  { context, request, reply, realm, session, tab }: Step,
  user: Readonly<User>,
  actions: readonly string[],
  isAction = false,
): Promise<unknown> {
  const [next] = actions
  if (next !== undefined) {
    tab.step = next
    tab.sessionCode = ''
    return reply
      .code(302)
      .header('location', actionUrl(context, request, realm, tab))
      .send()
  }
  const own = await readIdentity(context, request, realm)
  // A session of somebody else stays somebody else's: the browser gets a new one.
  const continued = own?.userId === user.id ? own : undefined
  return completeLogin(context, request, reply, {
    realm,
    loginSession: session,
    tab,
    user,
    ...(continued === undefined ? {} : { session: continued }),
    isProven: tab.notes.proven === 'true' || (isAction && continued === undefined),
  })
}

/** The tab is gone. A browser that is logged in goes back to its application; else the login begins anew from its cookie. */
async function recover(
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
  realm: RealmStore,
  query: Form,
): Promise<unknown> {
  const client = realm.clientByName.get(query.get('client_id') ?? '')
  const data = readClientData(query.get('client_data'))
  if (
    client !== undefined &&
    data !== undefined &&
    (await readIdentity(context, request, realm)) !== undefined
  ) {
    const redirectUri = resolveRedirectUri(client, data.redirectUri, baseUrl(context, request), true)
    if (redirectUri === undefined)
      return sendErrorPage(reply, realm.info, 400, 'Invalid parameter: redirect_uri')
    const mode =
      data.responseMode === 'fragment' || data.responseMode === 'form_post' ? data.responseMode : 'query'
    return sendToClient(reply, redirectUri, mode, {
      error: 'temporarily_unavailable',
      error_description: 'authentication_expired',
      state: data.state,
      iss: issuerOf(context, request, realm),
    })
  }
  const authorization = await readRestart(context, request, realm)
  if (authorization === undefined) return sendErrorPage(reply, realm.info, 400, restartMessage)
  const before = context.logins.session(realm, readCookie(request, cookies.loginSession), context.now())
  const { session, tab } = context.logins.openTab(realm, before, authorization, context.now())
  setLoginSession(request, reply, realm, session.id)
  return reply
    .code(302)
    .header('location', actionUrl(context, request, realm, tab))
    .send()
}

const restartMessage =
  'Restart login cookie not found. It may have expired; it may have been deleted or cookies are disabled in your browser. If cookies are disabled then enable them. Click Back to Application to login again.'
