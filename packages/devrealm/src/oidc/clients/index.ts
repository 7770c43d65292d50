/** Rules for clients: authentication, redirect URIs, secret rotation. */
export { authenticateClient } from './client-auth.ts'
export { contentEncryption, encryptFor, isEncrypted, keyEncryption } from './client-encryption.ts'
export { clientKeys } from './client-keys.ts'
export { backChannelLogoutUrlOf, webOriginsOf } from './client-urls.ts'
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
