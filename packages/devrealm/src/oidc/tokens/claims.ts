import { randomUUID } from 'node:crypto'
import type { Claims } from '../../crypto/index.ts'
import type { UserSession } from '../../model/index.ts'
import { webOriginsOf } from '../clients/index.ts'
import { confirmation } from '../dpop.ts'
import { invalidRequest } from '../errors.ts'
import { applyMappers, ClaimSet, type ClaimTarget, type MapperSource } from '../mappers/index.ts'
import { rolesInScope } from '../roles.ts'
import type { Grant } from './grant.ts'
import { refreshTokenEnd } from './lifespans.ts'

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

export function accessTokenClaims(grant: Grant, exp: number): Claims {
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

/** The hashes in an ID token (OpenID Connect Core section 3.3.2.11). */
export interface Hashes {
  readonly at_hash?: string | undefined
  readonly c_hash?: string | undefined
  readonly s_hash?: string | undefined
}

export function idTokenClaims(grant: Grant, exp: number, hashes: Hashes): Claims {
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
    ...hashes,
  }
  return mappedClaims(grant, 'id', base, client.clientId).toClaims()
}

export function refreshTokenClaims(grant: Grant, session: Readonly<UserSession>, access: Claims): Claims {
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
