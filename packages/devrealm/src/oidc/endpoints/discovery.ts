import { createHash } from 'node:crypto'
import { type Claims, type LoadedKey, publicKeys, signingKey } from '../../crypto/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { asymmetricAlgorithms, signingAlgorithms } from '../algorithms.ts'
import { contentEncryption, keyEncryption as encryption } from '../clients/index.ts'

const clientAuthentication = ['private_key_jwt', 'client_secret_basic', 'client_secret_post']

/**
 * The provider's metadata (OpenID Connect Discovery section 3, RFC 8414): Keycloak's members and their order, without all that
 * the embedded realm does not do.
 */
export function discoveryDocument(realm: RealmStore, issuer: string): Claims {
  const endpoint = (path: string): string => `${issuer}/protocol/openid-connect/${path}`
  const scopes = realm.clientScopes.values().filter((scope) => scope.protocol === 'openid-connect')
  return {
    issuer,
    authorization_endpoint: endpoint('auth'),
    token_endpoint: endpoint('token'),
    introspection_endpoint: endpoint('token/introspect'),
    userinfo_endpoint: endpoint('userinfo'),
    end_session_endpoint: endpoint('logout'),
    frontchannel_logout_session_supported: true,
    frontchannel_logout_supported: true,
    jwks_uri: endpoint('certs'),
    check_session_iframe: endpoint('login-status-iframe.html'),
    grant_types_supported: [
      'authorization_code',
      'client_credentials',
      'implicit',
      'password',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
      'urn:ietf:params:oauth:grant-type:token-exchange',
    ],
    acr_values_supported: ['0', '1'],
    response_types_supported: [
      'code',
      'none',
      'id_token',
      'token',
      'id_token token',
      'code id_token',
      'code token',
      'code id_token token',
    ],
    subject_types_supported: ['public'],
    prompt_values_supported: ['none', 'login', 'consent'],
    id_token_signing_alg_values_supported: signingAlgorithms,
    id_token_encryption_alg_values_supported: encryption,
    id_token_encryption_enc_values_supported: contentEncryption,
    userinfo_signing_alg_values_supported: [...signingAlgorithms, 'none'],
    userinfo_encryption_alg_values_supported: encryption,
    userinfo_encryption_enc_values_supported: contentEncryption,
    request_object_signing_alg_values_supported: [...signingAlgorithms, 'none'],
    request_object_encryption_alg_values_supported: ['RSA-OAEP', 'RSA-OAEP-256'],
    request_object_encryption_enc_values_supported: contentEncryption,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    token_endpoint_auth_methods_supported: clientAuthentication,
    token_endpoint_auth_signing_alg_values_supported: asymmetricAlgorithms,
    introspection_endpoint_auth_methods_supported: clientAuthentication,
    introspection_endpoint_auth_signing_alg_values_supported: asymmetricAlgorithms,
    claims_supported: [
      'iss',
      'sub',
      'aud',
      'exp',
      'iat',
      'auth_time',
      'name',
      'given_name',
      'family_name',
      'preferred_username',
      'email',
      'acr',
      'azp',
      'nonce',
    ],
    claim_types_supported: ['normal'],
    claims_parameter_supported: true,
    scopes_supported: ['openid', ...scopes.map((scope) => scope.name)],
    request_parameter_supported: true,
    request_uri_parameter_supported: false,
    code_challenge_methods_supported: ['plain', 'S256'],
    dpop_signing_alg_values_supported: asymmetricAlgorithms,
    revocation_endpoint: endpoint('revoke'),
    revocation_endpoint_auth_methods_supported: clientAuthentication,
    revocation_endpoint_auth_signing_alg_values_supported: asymmetricAlgorithms,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    device_authorization_endpoint: endpoint('auth/device'),
    require_pushed_authorization_requests: false,
    pushed_authorization_request_endpoint: endpoint('ext/par/request'),
    authorization_response_iss_parameter_supported: true,
  }
}

/** The realm's public keys (RFC 7517), with certificates and thumbprints, as in Keycloak. */
export async function keySet(realm: RealmStore): Promise<Claims> {
  return { keys: (await publicKeys(realm)).map(publicJwk) }
}

function publicJwk({ kid, verifier, stored }: LoadedKey): Claims {
  const { kty, n, e, crv, x, y } = verifier.export({ format: 'jwk' })
  return {
    kid,
    kty,
    alg: stored.algorithm,
    use: stored.use.toLowerCase(),
    ...thumbprints(stored.certificate),
    ...(n === undefined ? { crv, x, ...(y === undefined ? {} : { y }) } : { n, e }),
  }
}

/** Members for the certificate; elliptic curve keys have none. */
function thumbprints(certificate: string | undefined): Claims {
  if (certificate === undefined) return {}
  const bytes = Buffer.from(certificate, 'base64')
  return {
    x5c: [certificate],
    x5t: createHash('sha1').update(bytes).digest('base64url'),
    'x5t#S256': createHash('sha256').update(bytes).digest('base64url'),
  }
}

/** GET `/realms/{realm}`, for old adapters. */
export async function realmDocument(realm: RealmStore, issuer: string): Promise<Claims> {
  const { verifier } = await signingKey(realm, 'RS256')
  return {
    realm: realm.info.realm,
    public_key: verifier.export({ type: 'spki', format: 'der' }).toString('base64'),
    'token-service': `${issuer}/protocol/openid-connect`,
    'account-service': `${issuer}/account`,
    'tokens-not-before': realm.info.notBefore,
  }
}
