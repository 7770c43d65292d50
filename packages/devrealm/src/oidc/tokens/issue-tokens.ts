import { type Claims, leftHash, signingKey, signPrivate, signPublic } from '../../crypto/index.ts'
import { encryptFor, isEncrypted } from '../clients/index.ts'
import { accessTokenClaims, idTokenClaims, refreshTokenClaims } from './claims.ts'
import type { Grant } from './grant.ts'
import { accessTokenEnd } from './lifespans.ts'

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
    ...((grant.hasIdToken ?? scope.openid) ? { id_token: await idToken(grant, exp, { accessToken }) } : {}),
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

/** The response to an authorization request, besides the code: what its response type names. */
export interface AuthorizationTokens {
  readonly id_token?: string
  readonly access_token?: string
  readonly token_type?: string
  readonly expires_in?: string
}

/**
 * The tokens of the implicit and the hybrid flow (OpenID Connect Core sections 3.2 and 3.3). Without a code the access token
 * has the realm's lifespan for the implicit flow.
 */
export async function issueAtAuthorization(
  grant: Grant,
  types: readonly string[],
  { code, state }: Pick<Hashed, 'code' | 'state'>,
): Promise<AuthorizationTokens> {
  const { realm, now } = grant
  const exp = accessTokenEnd(
    code === undefined ? { ...grant, lifespan: realm.info.accessTokenLifespanForImplicitFlow } : grant,
  )
  const accessToken = types.includes('token')
    ? await signPublic(realm, accessTokenClaims(grant, exp), accessTokenType(grant), accessAlgorithm(grant))
    : undefined
  return {
    ...(types.includes('id_token') && { id_token: await idToken(grant, exp, { accessToken, code, state }) }),
    ...(accessToken !== undefined && {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: String(exp - now),
    }),
  }
}

function accessTokenType({ client }: Grant): string {
  return client.attributes['access.token.header.type.rfc9068'] === 'true' ? 'at+jwt' : 'JWT'
}

function accessAlgorithm({ client }: Grant): string | undefined {
  return client.attributes['access.token.signed.response.alg'] || undefined
}

/** What an ID token has hashes of. */
interface Hashed {
  readonly accessToken?: string | undefined
  readonly code?: string | undefined
  readonly state?: string | undefined
}

async function idToken(grant: Grant, exp: number, hashed: Hashed = {}): Promise<string> {
  const { realm, client } = grant
  const algorithm =
    client.attributes['id.token.signed.response.alg'] || realm.info.defaultSignatureAlgorithm || 'RS256'
  const key = await signingKey(realm, algorithm)
  const hashOf = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : leftHash(key, text)
  const hashes = {
    at_hash: hashOf(hashed.accessToken),
    c_hash: hashOf(hashed.code),
    s_hash: hashOf(hashed.state),
  }
  const signed = await signPublic(realm, idTokenClaims(grant, exp, hashes), 'JWT', algorithm)
  return isEncrypted(client, 'id.token')
    ? encryptFor(client, 'id.token', signed, 'JWT', grant.now * 1000)
    : signed
}
