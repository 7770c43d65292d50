import type { FastifyReply } from 'fastify'
import { pendingActions } from '../authentication/index.ts'
import { type AuthorizationRequest, baseUrl, type RealmContext, seconds } from '../context/index.ts'
import type { User, UserSession } from '../model/index.ts'
import { type Form, formOf, OidcError, queryOf, startRotation } from '../oidc/index.ts'
import {
  AuthorizationPageError,
  findClient,
  findTarget,
  type ResponseTarget,
  readRequest,
} from './authorization-request.ts'
import { sendToClient } from './client-response.ts'
import { completeLogin } from './complete-login.ts'
import { consentsToAsk } from './consents-to-ask.ts'
import { cookies, readCookie, readIdentity, setLoginSession, setRestart } from './cookies.ts'
import { forbidStoring, type LoginContext, loginIssuer, sendLoginError } from './login-context.ts'
import { requestedAcr } from './requested-acr.ts'
import { checkResource, requirePushed, resolveRequest } from './resolve-request.ts'
import { showStep } from './steps/index.ts'

/** GET and POST `auth`: the authorization endpoint (RFC 6749 section 3.1, OpenID Connect Core section 3.1.2). */
export async function authEndpoint(login: LoginContext): Promise<unknown> {
  const { request } = login
  try {
    return await authorize(login, request.method === 'POST' ? formOf(request) : queryOf(request))
  } catch (error) {
    if (error instanceof AuthorizationPageError) return sendLoginError(login, error.message, error.status)
    throw error
  }
}

/** @throws {AuthorizationPageError} for errors that must not be sent to a redirect URI */
async function authorize(login: LoginContext, form: Form): Promise<unknown> {
  const { context, request, realm } = login
  const client = findClient(realm, form)
  const resolved = await resolveRequest(login, client, form)
  const target = findTarget(client, resolved.form, baseUrl(context, request))
  const acr = requestedAcr(realm, client, resolved.form)
  forbidStoring(login)
  try {
    requirePushed(client, resolved)
    const authorization = readRequest(realm, client, target, resolved.form)
    checkResource(resolved.form)
    startRotation(context, realm, client)
    return await answer(login, {
      ...authorization,
      acr,
      ...(resolved.pushed === undefined ? {} : { pushed: resolved.pushed }),
    })
  } catch (error) {
    if (!(error instanceof OidcError)) throw error
    return refuse(login, target, error)
  }
}

function refuse(login: LoginContext, target: ResponseTarget, error: OidcError): FastifyReply {
  return sendToClient(login.reply, target.redirectUri, target.mode, {
    error: error.error,
    error_description: error.description,
    state: target.state,
    iss: loginIssuer(login),
  })
}

/** Uses the existing login of the browser, or starts a new one. */
export async function answer(login: LoginContext, authorization: AuthorizationRequest): Promise<unknown> {
  const { context, realm } = login
  const { prompt } = authorization
  if (prompt.includes('create')) throw new AuthorizationPageError(400, 'Registration not allowed')
  const session = await readIdentity(login)
  const isFresh = session !== undefined && !mustLoginAgain(context, authorization, session)
  const user = session === undefined ? undefined : realm.users.get(session.userId)
  const actions = user === undefined ? [] : pendingActions(realm, user)
  if (prompt.includes('none')) {
    if (!isFresh) throw new OidcError(400, 'login_required')
    const asks = user === undefined ? [] : consentsToAsk(realm, user, authorization)
    if (actions.length + asks.length > 0) throw new OidcError(400, 'interaction_required')
  }
  return beginLogin(login, authorization, session && user && { session, user, isFresh, actions })
}

/** The existing login of a browser, and what its user must do before this client accepts it. */
interface OwnLogin {
  readonly session: Readonly<UserSession>
  readonly user: Readonly<User>
  /** Whether the client accepts it without re-authentication. */
  readonly isFresh: boolean
  readonly actions: readonly string[]
}

async function beginLogin(
  login: LoginContext,
  authorization: AuthorizationRequest,
  own: OwnLogin | undefined,
): Promise<unknown> {
  const { context, request, realm } = login
  const before = context.logins.get(realm, readCookie(request, cookies.loginSession), context.now())
  const { session: loginSession, tab } = context.logins.openTab(realm, before, authorization, context.now())
  setLoginSession(login, loginSession.id)
  if (own !== undefined) {
    const { session, user, isFresh, actions } = own
    tab.userId = user.id
    tab.isReauthentication = true
    const [next] = actions
    if (isFresh && next === undefined) return completeLogin(login, { loginSession, tab, user, session })
    if (isFresh && next !== undefined) {
      tab.step = next
      tab.notes.sessionId = session.id
    }
  }
  await setRestart(login, authorization)
  return showStep(login, tab)
}

/** OpenID Connect Core section 3.1.2.1: `prompt=login`, and `max_age` since the last authentication. */
function mustLoginAgain(
  context: RealmContext,
  { prompt, maxAge }: AuthorizationRequest,
  session: Readonly<UserSession>,
): boolean {
  if (prompt.includes('login')) return true
  if (maxAge === undefined || maxAge < 0) return false
  return seconds(context) - Number(session.notes.AUTH_TIME ?? session.start) > maxAge
}
