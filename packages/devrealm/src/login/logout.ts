import type { FastifyReply, FastifyRequest } from 'fastify'
import { baseUrl, issuerOf, type RealmContext } from '../context/realm-context.ts'
import { readPublic } from '../crypto/tokens.ts'
import type { Client } from '../model/index.ts'
import { resolveLogoutUri } from '../oidc/clients/redirect-uri.ts'
import { type ClientRequest, forClient, realmOf } from '../oidc/endpoint.ts'
import { invalidGrant } from '../oidc/errors.ts'
import { type Form, formOf, queryOf } from '../oidc/form.ts'
import { readRefreshToken } from '../oidc/grants/refresh-token.ts'
import { leaveSession } from '../oidc/sessions.ts'
import { html } from '../pages/html.ts'
import { sendErrorPage, sendPage } from '../pages/layout.ts'
import type { RealmStore } from '../store/realm-store.ts'
import { noStore } from './auth-endpoint.ts'
import { addParameters } from './client-response.ts'
import { dropIdentity, readIdentity } from './cookies.ts'

/** GET and POST `logout` (OpenID Connect RP-Initiated Logout 1.0), and Keycloak's older POST of a refresh token. */
export async function logoutEndpoint(
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const form = request.method === 'POST' ? formOf(request) : queryOf(request)
  if (request.method === 'POST' && form.has('refresh_token')) {
    return forClient(context, request, reply, logoutByToken)
  }
  return logoutByBrowser(context, request, reply, form)
}

/** POST `logout/logout-confirm`: the user said yes. */
export async function logoutConfirmation(
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const realm = realmOf(context, request)
  noStore(reply)
  const tab = context.logins.takeLogout(
    queryOf(request).get('tab_id'),
    formOf(request).get('session_code'),
    context.now(),
  )
  if (tab === undefined) return sendErrorPage(reply, realm.info, 400, 'Logout failed')
  const session = await readIdentity(context, request, realm)
  if (session?.id !== tab.sessionId) return sendErrorPage(reply, realm.info, 400, 'Logout failed')
  if (session !== undefined) realm.sessions.delete(session.id)
  return sendLoggedOut(request, reply, realm, tab.redirectUri, tab.state)
}

async function logoutByToken({
  context,
  request,
  reply,
  realm,
  client,
  form,
}: ClientRequest): Promise<unknown> {
  const token = await readRefreshToken(
    realm,
    form.get('refresh_token') ?? '',
    issuerOf(context, request, realm),
  )
  if (token === undefined) throw invalidGrant('Invalid refresh token')
  if (token.clientId !== client.clientId) {
    throw invalidGrant("Invalid refresh token. Token client and authorized client don't match")
  }
  if (token.type === 'Offline') leaveSession(realm, token.sessionId, client.id, true)
  realm.sessions.delete(token.sessionId)
  return reply.code(204).header('cache-control', 'no-cache').send()
}

async function logoutByBrowser(
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
  form: Form,
): Promise<unknown> {
  const realm = realmOf(context, request)
  noStore(reply)
  const refuse = (message: string): FastifyReply => sendErrorPage(reply, realm.info, 400, message)
  const hintText = form.get('id_token_hint')
  const hint = hintText === undefined ? undefined : await readHint(context, request, realm, hintText)
  const clientId = form.get('client_id')
  if (
    hintText !== undefined &&
    (hint === undefined || (clientId !== undefined && clientId !== hint.client.clientId))
  ) {
    return refuse('Invalid parameter: id_token_hint')
  }
  const given = form.get('post_logout_redirect_uri')
  if (given !== undefined && hint === undefined && clientId === undefined) {
    return refuse('Missing parameters: id_token_hint')
  }
  const client = hint?.client ?? (clientId === undefined ? undefined : realm.clientByName.get(clientId))
  const redirectUri =
    given === undefined || client === undefined
      ? undefined
      : resolveLogoutUri(client, given, baseUrl(context, request))
  if (given !== undefined && redirectUri === undefined) return refuse('Invalid redirect uri')

  const session = await readIdentity(context, request, realm)
  const hasProof = hint !== undefined && (session === undefined || session.id === hint.sessionId)
  if (hasProof) {
    realm.sessions.delete(hint.sessionId)
    return sendLoggedOut(request, reply, realm, redirectUri, form.get('state'))
  }
  if (session === undefined && redirectUri !== undefined) {
    return sendLoggedOut(request, reply, realm, redirectUri, form.get('state'))
  }
  const tab = context.logins.openLogout({
    clientId: client?.clientId ?? 'account',
    sessionId: session?.id,
    redirectUri,
    state: form.get('state'),
    expiresAt: context.now() + realm.info.accessCodeLifespanLogin * 1000,
  })
  const query = new URLSearchParams({ client_id: tab.clientId, tab_id: tab.id })
  const action = `/realms/${encodeURIComponent(realm.info.realm)}/protocol/openid-connect/logout/logout-confirm?${query.toString()}`
  const body = html`<div id="kc-logout-confirm" class="content-area">
<p class="instruction">Do you want to log out?</p>
<form action="${action}" method="POST">
<input type="hidden" name="session_code" value="${tab.sessionCode}">
<input name="confirmLogout" id="kc-logout" type="submit" value="Logout"/>
</form>
</div>`
  return sendPage(reply, realm.info, { title: 'Logging out', body })
}

/** An ID token of this realm, expired or not, says whose logout this is. */
async function readHint(
  context: RealmContext,
  request: FastifyRequest,
  realm: RealmStore,
  text: string,
): Promise<{ client: Readonly<Client>; sessionId: string } | undefined> {
  const claims = await readPublic(realm, text, issuerOf(context, request, realm))
  const client = claims?.typ === 'ID' ? realm.clientByName.get(String(claims.azp)) : undefined
  return client === undefined || claims === undefined ? undefined : { client, sessionId: String(claims.sid) }
}

function sendLoggedOut(
  request: FastifyRequest,
  reply: FastifyReply,
  realm: RealmStore,
  redirectUri: string | undefined,
  state: string | undefined,
): FastifyReply {
  dropIdentity(request, reply, realm)
  if (redirectUri !== undefined) {
    const parameters: [string, string][] = state === undefined ? [] : [['state', state]]
    return reply
      .code(302)
      .header('location', addParameters(redirectUri, 'query', parameters))
      .send()
  }
  const body = html`<div id="kc-info-message"><p class="instruction">You are logged out</p></div>`
  return sendPage(reply, realm.info, { title: 'You are logged out', body })
}
