import type { FastifyReply, FastifyRequest } from 'fastify'
import { pendingActions } from '../authentication/pending-actions.ts'
import { baseUrl, issuerOf, type RealmContext, seconds } from '../context/realm-context.ts'
import type { UserSession } from '../model/index.ts'
import { startRotation } from '../oidc/clients/secret-rotation.ts'
import { realmOf } from '../oidc/endpoint.ts'
import { OidcError } from '../oidc/errors.ts'
import { formOf, queryOf } from '../oidc/form.ts'
import { sendErrorPage } from '../pages/layout.ts'
import type { RealmStore } from '../store/realm-store.ts'
import {
  AuthorizationPageError,
  type AuthorizationRequest,
  findTarget,
  readRequest,
} from './authorization-request.ts'
import { sendToClient } from './client-response.ts'
import { completeLogin } from './complete-login.ts'
import { cookies, readCookie, readIdentity, setLoginSession, setRestart } from './cookies.ts'
import { showStep } from './steps.ts'

/** GET and POST `auth`: the authorization endpoint (RFC 6749 section 3.1, OpenID Connect Core section 3.1.2). */
export async function authEndpoint(
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const realm = realmOf(context, request)
  const form = request.method === 'POST' ? formOf(request) : queryOf(request)
  const base = baseUrl(context, request)
  let found: ReturnType<typeof findTarget>
  try {
    found = findTarget(realm, form, base)
  } catch (error) {
    if (error instanceof AuthorizationPageError)
      return sendErrorPage(reply, realm.info, error.status, error.message)
    throw error
  }
  const { client, target } = found
  noStore(reply)
  try {
    const authorization = readRequest(realm, client, target, form)
    startRotation(context, realm, client)
    return await answer(context, request, reply, realm, authorization)
  } catch (error) {
    if (error instanceof AuthorizationPageError)
      return sendErrorPage(reply, realm.info, error.status, error.message)
    if (!(error instanceof OidcError)) throw error
    return sendToClient(reply, target.redirectUri, target.mode, {
      error: error.error,
      error_description: error.description,
      state: target.state,
      iss: issuerOf(context, request, realm),
    })
  }
}

/** Pages and redirects of a login are for this moment only. */
export function noStore(reply: FastifyReply): void {
  reply.header('cache-control', 'no-store, must-revalidate, max-age=0')
}

/** Uses the login that the browser has, or begins a new one. */
async function answer(
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
  realm: RealmStore,
  authorization: AuthorizationRequest,
): Promise<unknown> {
  const { prompt } = authorization
  if (prompt.includes('create')) throw new AuthorizationPageError(400, 'Registration not allowed')
  const session = await readIdentity(context, request, realm)
  const isFresh = session !== undefined && !mustLoginAgain(context, authorization, session)
  const user = session === undefined ? undefined : realm.users.get(session.userId)
  const actions = user === undefined ? [] : pendingActions(realm, user)
  if (prompt.includes('none')) {
    if (!isFresh) throw new OidcError(400, 'login_required')
    if (actions.length > 0) throw new OidcError(400, 'interaction_required')
  }

  const loginSession = context.logins.session(realm, readCookie(request, cookies.loginSession), context.now())
  const opened = context.logins.openTab(realm, loginSession, authorization, context.now())
  setLoginSession(request, reply, realm, opened.session.id)
  const { tab } = opened
  if (session !== undefined && user !== undefined) {
    tab.userId = user.id
    tab.isReauthentication = true
    if (isFresh && actions.length === 0) {
      return completeLogin(context, request, reply, {
        realm,
        loginSession: opened.session,
        tab,
        user,
        session,
      })
    }
    if (isFresh) {
      tab.step = actions[0] as string
      tab.notes.sessionId = session.id
    }
  }
  await setRestart(context, request, reply, realm, authorization)
  return showStep(context, request, reply, realm, tab)
}

/** OpenID Connect Core section 3.1.2.1: `prompt=login`, and `max_age` since the user last proved who it is. */
function mustLoginAgain(
  context: RealmContext,
  { prompt, maxAge }: AuthorizationRequest,
  session: Readonly<UserSession>,
): boolean {
  if (prompt.includes('login')) return true
  if (maxAge === undefined || maxAge < 0) return false
  return seconds(context) - Number(session.notes.AUTH_TIME ?? session.start) > maxAge
}
