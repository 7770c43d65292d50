/** All signature algorithms of Keycloak, in its order. */
export const signingAlgorithms: readonly string[] =
  'PS384 RS384 EdDSA ES384 HS256 HS512 ES256 RS256 HS384 ES512 PS256 PS512 RS512'.split(' ')

/** The asymmetric ones. */
export const asymmetricAlgorithms: readonly string[] = signingAlgorithms.filter(
  (algorithm) => !algorithm.startsWith('HS'),
)
