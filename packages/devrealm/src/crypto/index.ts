export { allKeys, encryptionKey, prepareKeys, secretKey, signingKey } from './keys.ts'
export { isPasswordOf, passwordCredential } from './passwords.ts'
export { type Claims, readPrivate, readPublic, signPrivate, signPublic } from './tokens.ts'
