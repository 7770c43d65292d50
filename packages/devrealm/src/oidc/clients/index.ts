/** What a client is allowed: how it proves itself, where responses to it may go, when its secret ends. */
export { authenticateClient } from './client-auth.ts'
export { webOriginsOf } from './client-urls.ts'
export { resolveLogoutUri, resolveRedirectUri } from './redirect-uri.ts'
export {
  isValidRotation,
  rotated,
  rotatedSecretOf,
  rotationOf,
  secretRotation,
  startRotation,
  withoutRotated,
} from './secret-rotation.ts'
