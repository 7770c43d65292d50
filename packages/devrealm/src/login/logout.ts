import type { FastifyReply } from 'fastify'
import { baseUrl, issuerOf, type PendingLogouts } from '../context/index.ts'
import { readPublic } from '../crypto/index.ts'
import type { Client } from '../model/index.ts'
import {
  boundKey,
  type ClientRequest,
  endOfflineSession,
  endSession,
  type Form,
  type FrontChannelLogout,
  forClient,
  formOf,
  frontChannelLogouts,
  invalidGrant,
  queryOf,
  readProof,
  readRefreshToken,
  requireKey,
  resolveLogoutUri,
} from '../oidc/index.ts'
import { html } from '../pages/index.ts'
import { addParameters } from './client-response.ts'
import { dropIdentity, readIdentity } from './cookies.ts'
import { sendFrontChannelLogout } from './front-channel-logout.ts'
import {
  forbidStoring,
  type LoginContext,
  loginIssuer,
  redirect,
  sendLoginError,
  sendLoginPage,
} from './login-context.ts'

/** GET and POST `logout` (OpenID Connect RP-Initiated Logout 1.0), and Keycloak's older POST with a refresh token. */
export async function logoutEndpoint(login: LoginContext): Promise<unknown> {
  const { context, request, reply } = login
  const form = request.method === 'POST' ? formOf(request) : queryOf(request)
  if (request.method === 'POST' && form.has('refresh_token')) {
    return forClient(context, request, reply, logoutByToken)
  }
  return logoutByBrowser(login, form)
}

/** POST `logout/logout-confirm`: the user confirmed. */
export async function logoutConfirmation(login: LoginContext): Promise<unknown> {
  const { context, request } = login
  forbidStoring(login)
  const pending = context.logouts.take(
    queryOf(request).get('tab_id'),
    formOf(request).get('session_code'),
    context.now(),
  )
  if (pending === undefined) return sendLoginError(login, 'Logout failed')
  const session = await readIdentity(login)
  if (session?.id !== pending.sessionId) return sendLoginError(login, 'Logout failed')
  const logouts = session === undefined ? [] : frontChannelLogouts(login, session.id)
  if (session !== undefined) endSession(login, session.id)
  return sendLoggedOut(login, pending.redirectUri, pending.state, logouts)
}

async function logoutByToken(clientRequest: ClientRequest): Promise<unknown> {
  const { context, request, reply, realm, client, form } = clientRequest
  const token = await readRefreshToken(
    realm,
    form.get('refresh_token') ?? '',
    issuerOf(context, request, realm),
  )
  if (token === undefined) throw invalidGrant('Invalid refresh token')
  if (token.clientId !== client.clientId) {
    throw invalidGrant("Invalid refresh token. Token client and authorized client don't match")
  }
  const bound = boundKey(token.claims)
  if (bound !== undefined) requireKey(bound, await readProof(context, request), invalidGrant)
  if (token.type === 'Offline') endOfflineSession(clientRequest, token.sessionId)
  else endSession(clientRequest, token.sessionId)
  return reply.code(204).header('cache-control', 'no-cache').send()
}

async function logoutByBrowser(login: LoginContext, form: Form): Promise<unknown> {
  const { context, request, realm } = login
  forbidStoring(login)
  const hintText = form.get('id_token_hint')
  const hint = hintText === undefined ? undefined : await readHint(login, hintText)
  const clientId = form.get('client_id')
  if (
    hintText !== undefined &&
    (hint === undefined || (clientId !== undefined && clientId !== hint.client.clientId))
  ) {
    return sendLoginError(login, 'Invalid parameter: id_token_hint')
  }
  const given = form.get('post_logout_redirect_uri')
  if (given !== undefined && hint === undefined && clientId === undefined) {
    return sendLoginError(login, 'Missing parameters: id_token_hint')
  }
  const client = hint?.client ?? (clientId === undefined ? undefined : realm.clientByName.get(clientId))
  const redirectUri =
    given === undefined || client === undefined
      ? undefined
      : resolveLogoutUri(client, given, baseUrl(context, request))
  if (given !== undefined && redirectUri === undefined) return sendLoginError(login, 'Invalid redirect uri')

  const session = await readIdentity(login)
  const state = form.get('state')
  if (hint !== undefined && (session === undefined || session.id === hint.sessionId)) {
    // Only the browser of the session can log out of its clients.
    const logouts = session === undefined ? [] : frontChannelLogouts(login, session.id)
    endSession(login, hint.sessionId)
    return sendLoggedOut(login, redirectUri, state, logouts)
  }
  if (session === undefined && redirectUri !== undefined) return sendLoggedOut(login, redirectUri, state)
  return askToConfirm(login, {
    clientId: client?.clientId ?? 'account',
    sessionId: session?.id,
    redirectUri,
    state,
    expiresAt: context.now() + realm.info.accessCodeLifespanLogin * 1000,
  })
}

function askToConfirm(login: LoginContext, logout: Parameters<PendingLogouts['open']>[0]): FastifyReply {
  const { id, clientId, sessionCode } = login.context.logouts.open(logout)
  const query = new URLSearchParams({ client_id: clientId, tab_id: id })
  const realm = encodeURIComponent(login.realm.info.realm)
  const action = `/realms/${realm}/protocol/openid-connect/logout/logout-confirm?${query.toString()}`
  const body = html`<div id="kc-logout-confirm" class="content-area">
<p class="instruction">Do you want to log out?</p>
<form action="${action}" method="POST">
<input type="hidden" name="session_code" value="${sessionCode}">
<input name="confirmLogout" id="kc-logout" type="submit" value="Logout"/>
</form>
</div>`
  return sendLoginPage(login, { title: 'Logging out', body })
}

/** An ID token of this realm, expired or not, identifies the session to end. */
async function readHint(
  login: LoginContext,
  text: string,
): Promise<{ client: Readonly<Client>; sessionId: string } | undefined> {
  const { realm } = login
  const claims = await readPublic(realm, text, loginIssuer(login))
  const client = claims?.typ === 'ID' ? realm.clientByName.get(String(claims.azp)) : undefined
  return client === undefined || claims === undefined ? undefined : { client, sessionId: String(claims.sid) }
}

function sendLoggedOut(
  login: LoginContext,
  redirectUri: string | undefined,
  state: string | undefined,
  logouts: readonly FrontChannelLogout[] = [],
): FastifyReply {
  dropIdentity(login)
  const parameters: [string, string][] = state === undefined ? [] : [['state', state]]
  const target = redirectUri === undefined ? undefined : addParameters(redirectUri, 'query', parameters)
  if (logouts.length > 0) return sendFrontChannelLogout(login, logouts, target)
  if (target !== undefined) return redirect(login, target)
  const body = html`<div id="kc-info-message"><p class="instruction">You are logged out</p></div>`
  return sendLoginPage(login, { title: 'You are logged out', body })
}
