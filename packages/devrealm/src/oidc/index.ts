/**
 * OpenID Connect without a browser. In: requests of applications and resource servers. Out: tokens, claims and metadata; for
 * login/ and the Admin API also sessions, scopes and roles.
 */
export {
  authenticateClient,
  clientKeys,
  isValidRotation,
  resolveLogoutUri,
  resolveRedirectUri,
  rotated,
  rotatedSecretOf,
  rotationOf,
  secretRotation,
  startRotation,
  webOriginsOf,
  withoutRotated,
} from './clients/index.ts'
export { addConsent, type ConsentItem, consentItems, missingConsents, removeConsent } from './consents.ts'
export { allowOrigin } from './cors.ts'
export { boundKey, isProven, type PresentedToken, presentedToken, readProof, requireKey } from './dpop.ts'
export { type ClientRequest, forClient, realmOf, sendOidcError } from './endpoint.ts'
export { endpointRoutes, isFramed } from './endpoint-routes.ts'
export { oidcRoutes } from './endpoints/index.ts'
export { invalidGrant, OidcError } from './errors.ts'
export { Form, formOf, queryOf } from './form.ts'
export { mayUseDevices } from './grants/index.ts'
export { readJwtPart } from './jwt-part.ts'
export {
  endClientSession,
  endOfflineSession,
  endSession,
  type FrontChannelLogout,
  frontChannelLogouts,
  logoutNotices,
} from './logout/index.ts'
export { expandRoles, hasRole, roleIdsInScope } from './roles.ts'
export { grantScope, isOffline, restoreScope } from './scopes.ts'
export {
  joinSession,
  leaveSession,
  liveSession,
  liveSessions,
  newSession,
  sessionEnds,
  sweep,
} from './sessions.ts'
export {
  type Grant,
  grantedScope,
  issueAtAuthorization,
  mappedClaims,
  readLiveToken,
  readRefreshToken,
} from './tokens/index.ts'
