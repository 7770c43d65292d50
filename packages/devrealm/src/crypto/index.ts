/**
 * A realm's keys, tokens and password credentials. In: a realm's store, claims, passwords. Out: signed strings and their
 * claims, credentials to store. Used by defaults, authentication, oidc, login and the Admin API.
 */

export { certificateFor, pem, readPrivateKey } from './generate-key.ts'
export { addDefaultProviders, addKey, type NewKey, usage } from './key-providers.ts'
export {
  allKeys,
  encryptionKey,
  isActive,
  type LoadedKey,
  prepareKeys,
  publicKeys,
  signingKey,
} from './keys.ts'
export { isPasswordOf, passwordCredential } from './passwords.ts'
export { leftHash } from './signatures.ts'
export { type Claims, readPrivate, readPublic, signPrivate, signPublic } from './tokens.ts'
export { UnusableKey } from './unusable-key.ts'
