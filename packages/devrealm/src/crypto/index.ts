/**
 * A realm's keys, tokens and password credentials. In: a realm's store, claims, passwords. Out: signed strings and their
 * claims, credentials to store. Used by authentication, oidc, login and the Admin API.
 */
export { allKeys, encryptionKey, prepareKeys, secretKey, signingKey } from './keys.ts'
export { isPasswordOf, passwordCredential } from './passwords.ts'
export { type Claims, readPrivate, readPublic, signPrivate, signPublic } from './tokens.ts'
