import { randomUUID } from 'node:crypto'
import { type Claims, leftHash, signingKey, signPrivate, signPublic } from '../../crypto/index.ts'
import type { Client, ClientSession, Realm, User, UserSession } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { encryptFor, isEncrypted, webOriginsOf } from '../clients/index.ts'
import { confirmation } from '../dpop.ts'
import { invalidRequest } from '../errors.ts'
import { applyMappers, ClaimSet, type ClaimTarget, type MapperSource } from '../mappers/index.ts'
import { rolesInScope } from '../roles.ts'
import type { GrantedScope } from '../scopes.ts'
import { sessionEnds } from '../sessions.ts'

/** The input for tokens. */
export interface Grant {
  readonly realm: RealmStore
  readonly issuer: string
  readonly base: string
  readonly client: Readonly<Client>
  readonly user: Readonly<User>
  readonly scope: GrantedScope
  /** Seconds since the epoch. */
  readonly now: number
  /** Keycloak's abbreviation of the grant in the access token's id: ac, ro, cc, rt, te. */
  readonly type: 'ac' | 'ro' | 'cc' | 'rt' | 'te' | 'dg'
  /** Absent for client credentials: there is no session. */
  readonly session?: Readonly<UserSession>
  readonly clientSession?: ClientSession
  readonly offline?: boolean
  /** The thumbprint of the key that the tokens are bound to (RFC 9449); undefined without a proof. */
  readonly jkt: string | undefined
  /** The thumbprint of the key that the tokens are bound to (RFC 9449). */
  /** Notes for the claims of a service account token. */
  readonly notes?: Record<string, string>
  /** Whether the session does not list the client. Default: false. */
  readonly isTransient?: boolean
  /** Default: true if there is a session. */
  readonly hasRefreshToken?: boolean
  /** Default: true if the scope has `openid`. */
  readonly hasIdToken?: boolean
  /** The only audiences of the access token. Default: all that the mappers add. */
  readonly audiences?: readonly string[] | undefined
  /** The chain of refresh tokens that this one continues. */
  readonly reuseId?: string
}

/** The body of a successful token response, in Keycloak's order. */
export async function issueTokens(grant: Grant): Promise<Claims> {
  const { realm, scope, now, session } = grant
  const exp = accessTokenEnd(grant)
  const access = accessTokenClaims(grant, exp)
  const accessToken = await signPublic(realm, access, accessTokenType(grant), accessAlgorithm(grant))
  const refresh =
    session === undefined || grant.hasRefreshToken === false
      ? undefined
      : refreshTokenClaims(grant, session, access)
  const refreshToken = refresh === undefined ? undefined : await signPrivate(realm, refresh)
  return {
    access_token: accessToken,
    expires_in: exp - now,
    refresh_expires_in: typeof refresh?.exp === 'number' ? refresh.exp - now : 0,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    token_type: grant.jkt === undefined ? 'Bearer' : 'DPoP',
    ...((grant.hasIdToken ?? scope.openid) ? { id_token: await idToken(grant, exp, accessToken) } : {}),
    'not-before-policy': realm.info.notBefore,
    ...(session === undefined ? {} : { session_state: session.id }),
    scope: scope.text,
  }
}

/** The body of a token response with an ID token in the place of the access token (RFC 8693 section 2.2.1). */
export async function issueIdToken(grant: Grant): Promise<Claims> {
  const { realm, scope, now, session } = grant
  const exp = accessTokenEnd(grant)
  // Its audience is the client; the requested one must exist all the same.
  accessTokenClaims(grant, exp)
  return {
    access_token: await idToken(grant, exp),
    expires_in: exp - now,
    refresh_expires_in: 0,
    token_type: 'N_A',
    'not-before-policy': realm.info.notBefore,
    ...(session === undefined ? {} : { session_state: session.id }),
    scope: scope.text,
  }
}

/** The claims of the client's protocol mappers for a target, added to `base`. */
export function mappedClaims(grant: Grant, target: ClaimTarget, base: Claims, audience?: string): ClaimSet {
  const { realm, client, user, scope, session, clientSession } = grant
  const source: MapperSource = {
    realm,
    client,
    user,
    roles: rolesInScope(realm, user, client, scope.clientScopes),
    notes: { ...session?.notes, ...clientSession?.notes, ...grant.notes },
    acr: clientSession?.notes.acr ?? '1',
    allowedOrigins: webOriginsOf(client, grant.base),
  }
  const claims = new ClaimSet(base)
  if (audience !== undefined) claims.addAudience(audience)
  const mappers = [client, ...scope.clientScopes].flatMap((each) => each.protocolMappers ?? [])
  applyMappers(mappers, target, source, claims)
  return claims
}

function accessTokenClaims(grant: Grant, exp: number): Claims {
  const { client, session } = grant
  const lightweight = client.attributes['client.use.lightweight.access.token.enabled'] === 'true'
  const kind = `${sessionKind(grant)}${lightweight ? 'lt' : 'rt'}`
  const base = {
    exp,
    iat: grant.now,
    jti: `${kind}${grant.type}:${randomUUID()}`,
    iss: grant.issuer,
    // Without a session the token needs a subject, even if no mapper adds it.
    sub: session === undefined ? grant.user.id : undefined,
    typ: grant.jkt === undefined ? 'Bearer' : 'DPoP',
    azp: client.clientId,
    sid: session?.id,
    ...confirmation(grant.jkt),
    scope: grant.scope.text,
  }
  const claims = mappedClaims(grant, lightweight ? 'lightweight' : 'access', base)
  if (grant.audiences !== undefined) requireAudiences(claims, grant.audiences)
  return claims.toClaims()
}

/** The letters for the session in the access token's id. */
function sessionKind({ session, offline, isTransient }: Grant): string {
  if (session === undefined) return 'tr'
  if (isTransient) return offline ? 'ft' : 'nt'
  return offline ? 'of' : 'on'
}

/** @throws {OidcError} invalid_request, if no mapper adds one of them */
function requireAudiences(claims: ClaimSet, audiences: readonly string[]): void {
  const missing = audiences.filter((name) => !claims.audience.includes(name))
  if (missing.length > 0) throw invalidRequest(`Requested audience not available: ${missing.join(', ')}`)
  claims.restrictAudience(audiences)
}

function accessTokenType({ client }: Grant): string {
  return client.attributes['access.token.header.type.rfc9068'] === 'true' ? 'at+jwt' : 'JWT'
}

function accessAlgorithm({ client }: Grant): string | undefined {
  return client.attributes['access.token.signed.response.alg'] || undefined
}

async function idToken(grant: Grant, exp: number, accessToken?: string): Promise<string> {
  const { realm, client } = grant
  const algorithm =
    client.attributes['id.token.signed.response.alg'] || realm.info.defaultSignatureAlgorithm || 'RS256'
  const atHash =
    accessToken === undefined ? undefined : leftHash(await signingKey(realm, algorithm), accessToken)
  const signed = await signPublic(realm, idTokenClaims(grant, exp, atHash), 'JWT', algorithm)
  return isEncrypted(client, 'id.token')
    ? encryptFor(client, 'id.token', signed, 'JWT', grant.now * 1000)
    : signed
}

function idTokenClaims(grant: Grant, exp: number, atHash?: string): Claims {
  const { client, session, clientSession } = grant
  const base = {
    exp,
    iat: grant.now,
    jti: randomUUID(),
    iss: grant.issuer,
    sub: grant.user.id,
    typ: 'ID',
    azp: client.clientId,
    nonce: grant.type === 'rt' || grant.type === 'te' ? undefined : clientSession?.notes.nonce,
    sid: session?.id,
    at_hash: atHash,
  }
  return mappedClaims(grant, 'id', base, client.clientId).toClaims()
}

function refreshTokenClaims(grant: Grant, session: Readonly<UserSession>, access: Claims): Claims {
  const exp = refreshTokenEnd(grant, session)
  return {
    ...(exp === undefined ? {} : { exp }),
    iat: grant.now,
    jti: randomUUID(),
    iss: grant.issuer,
    aud: grant.issuer,
    ...(access.sub === undefined ? {} : { sub: access.sub }),
    typ: grant.offline ? 'Offline' : 'Refresh',
    azp: grant.client.clientId,
    sid: session.id,
    // Only a public client's: others authenticate.
    ...(grant.client.publicClient && confirmation(grant.jkt)),
    scope: grant.scope.full,
    ...(access.aud === undefined ? {} : { aud_x: access.aud }),
    prov: 'default',
    ...(grant.audiences === undefined ? {} : { 'req-aud': grant.audiences }),
    ...(grant.realm.info.revokeRefreshToken ? { reuse_id: grant.reuseId ?? randomUUID() } : {}),
  }
}

/** Access tokens expire no later than their session. */
function accessTokenEnd({ realm, client, now, session, offline }: Grant): number {
  const lifespan = override(client, 'access.token.lifespan') ?? realm.info.accessTokenLifespan
  const end = now + lifespan
  return session === undefined ? end : Math.min(end, sessionEnds(realm.info, session, offline === true).max)
}

function refreshTokenEnd(grant: Grant, session: Readonly<UserSession>): number | undefined {
  const { realm, client, now, clientSession } = grant
  const { info } = realm
  const ends = sessionEnds(info, { ...session, lastAccess: now }, grant.offline === true)
  if (grant.offline) return Number.isFinite(ends.max) ? Math.min(ends.max, ends.idle) : undefined
  const idle = clientLimit(client, 'client.session.idle.timeout', info, 'clientSessionIdleTimeout')
  const max = clientLimit(client, 'client.session.max.lifespan', info, 'clientSessionMaxLifespan')
  return Math.min(
    ends.max,
    ends.idle,
    idle === undefined ? Number.POSITIVE_INFINITY : now + idle,
    max === undefined ? Number.POSITIVE_INFINITY : (clientSession?.start ?? now) + max,
  )
}

function clientLimit(
  client: Readonly<Client>,
  attribute: string,
  info: Readonly<Realm>,
  setting: 'clientSessionIdleTimeout' | 'clientSessionMaxLifespan',
): number | undefined {
  return override(client, attribute) ?? (info[setting] > 0 ? info[setting] : undefined)
}

/** A positive number in a client attribute. */
function override(client: Readonly<Client>, attribute: string): number | undefined {
  const value = Number(client.attributes[attribute])
  return value > 0 ? value : undefined
}
