import { baseUrl, issuerOf, seconds } from '../../context/index.ts'
import type { Claims } from '../../crypto/index.ts'
import type { Client, UserSession } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { missingConsents } from '../consents.ts'
import { boundKey, requireKey } from '../dpop.ts'
import type { ClientRequest } from '../endpoint.ts'
import { invalidRequest, OidcError } from '../errors.ts'
import type { Form } from '../form.ts'
import { type GrantedScope, grantScope, isOffline } from '../scopes.ts'
import { joinSession } from '../sessions.ts'
import { type Grant, issueIdToken, issueTokens, type LiveToken, readLiveToken } from '../tokens/index.ts'

/**
 * Standard token exchange (RFC 8693, as in Keycloak 26.2 and later): another access token for the user of an access token that
 * the client got itself, or that has it as audience. The parameters `resource` and `actor_token` have no effect.
 */
export async function tokenExchangeGrant(clientRequest: ClientRequest): Promise<Claims> {
  const { context, request, realm, client, form, jkt } = clientRequest
  requireEnabled(client)
  const subjectToken = requireSubjectToken(form)
  const issuer = issuerOf(context, request, realm)
  const now = seconds(context)
  const subject = await readLiveToken(realm, subjectToken, issuer, now)
  if ('reason' in subject) throw invalidRequest('Invalid token')
  const kind = requestedType(client, form)
  const audiences = requestedAudiences(realm, form)
  requireMeantFor(client, subject)
  requireKey(boundKey(subject.claims), jkt, invalidRequest)
  const asked = form.get('scope')
  const scope = grantScope(realm, client, asked)
  if (kind === 'refresh_token' && isOffline(scope))
    throw invalidRequest('Scope offline_access not allowed for token exchange')
  if (missingConsents(realm, subject.user, client, scope).length > 0)
    throw new OidcError(
      400,
      'invalid_scope',
      `Missing consents for Token Exchange in client ${client.clientId}`,
    )

  const grant: Grant = {
    realm,
    issuer,
    base: baseUrl(context, request),
    client,
    jkt,
    user: subject.user,
    now,
    type: 'te',
    audiences,
    hasIdToken: scope.openid,
    ...inSession(clientRequest, subject, scope, kind),
  }
  return {
    ...(await (kind === 'id_token' ? issueIdToken(grant) : issueTokens(grant))),
    issued_token_type: tokenType(kind),
  }
}

type TokenKind = 'access_token' | 'id_token' | 'refresh_token'

function tokenType(kind: TokenKind): string {
  return `urn:ietf:params:oauth:token-type:${kind}`
}

function requireEnabled(client: Readonly<Client>): void {
  if (client.publicClient)
    throw new OidcError(400, 'invalid_client', 'Public client is not allowed to exchange token')
  if (client.attributes['standard.token.exchange.enabled'] !== 'true')
    throw invalidRequest('Standard token exchange is not enabled for the requested client')
}

function requireSubjectToken(form: Form): string {
  for (const name of ['requested_subject', 'requested_issuer', 'subject_issuer']) {
    if (form.has(name))
      throw invalidRequest(`Parameter '${name}' is not supported for standard token exchange`)
  }
  const [token, type] = ['subject_token', 'subject_token_type'].map((name) => {
    const value = form.get(name)
    if (value === undefined) throw invalidRequest(`Parameter '${name}' required for standard token exchange`)
    return value
  }) as [string, string]
  if (type !== tokenType('access_token'))
    throw invalidRequest("Parameter 'subject_token' supports access tokens only")
  return token
}

function requestedType({ attributes }: Readonly<Client>, form: Form): TokenKind {
  const given = form.get('requested_token_type') ?? tokenType('access_token')
  const kinds: TokenKind[] = ['access_token', 'id_token']
  if (attributes['standard.token.exchange.enableRefreshRequestedTokenType'] === 'SAME_SESSION')
    kinds.push('refresh_token')
  const kind = kinds.find((each) => tokenType(each) === given)
  if (kind === undefined) throw invalidRequest('requested_token_type unsupported')
  return kind
}

/** The clients that the token is for; they can only narrow its audience. */
function requestedAudiences(realm: RealmStore, form: Form): readonly string[] | undefined {
  const names = form.getAll('audience')
  for (const name of names) {
    const audience = realm.clientByName.get(name)
    if (audience === undefined) throw new OidcError(400, 'invalid_client', 'Audience not found')
    if (!audience.enabled) throw new OidcError(400, 'invalid_client', 'Client disabled')
  }
  return names.length === 0 ? undefined : names
}

function requireMeantFor({ clientId }: Readonly<Client>, { claims }: LiveToken): void {
  if (claims.azp === clientId || [claims.aud].flat().includes(clientId)) return
  throw new OidcError(403, 'access_denied', 'Client is not within the token audience')
}

/**
 * The session and scope of the new token. Only with a refresh token does the client join the session of another client; else
 * the token is transient: it ends with the session, but the session does not list the client.
 */
function inSession(
  { realm, client, context, request, form }: ClientRequest,
  { session, offline }: LiveToken,
  scope: GrantedScope,
  kind: TokenKind,
): Pick<Grant, 'scope' | 'session' | 'clientSession' | 'offline' | 'isTransient' | 'hasRefreshToken'> {
  const own: UserSession['clients'][string] | undefined = offline ? undefined : session?.clients[client.id]
  // Without a scope parameter, `openid` is as in the client's login.
  const openid = form.has('scope') ? scope.openid : own?.scope.split(' ').includes('openid') === true
  const restored = openid === scope.openid ? scope : withOpenid(scope)
  if (kind !== 'refresh_token') {
    const offlineToken = offline || isOffline(scope)
    return {
      scope: restored,
      offline: offlineToken,
      isTransient: own === undefined,
      hasRefreshToken: false,
      ...(session !== undefined && { session }),
      ...(own !== undefined && { clientSession: own }),
    }
  }
  if (session === undefined || offline)
    throw invalidRequest(
      'Refresh token not valid as requested_token_type because creating a new session is needed',
    )
  const part = { scope: restored.full, issuer: issuerOf(context, request, realm), now: seconds(context) }
  return {
    scope: restored,
    ...joinSession(realm, session, client, own === undefined ? part : { ...part, notes: own.notes }),
  }
}

function withOpenid(scope: GrantedScope): GrantedScope {
  return { ...scope, openid: true, text: `openid ${scope.text}`.trim(), full: `openid ${scope.full}`.trim() }
}
