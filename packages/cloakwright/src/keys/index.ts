/**
 * The realm's public keys. In: the realm's metadata and a `kid`. Out: the key, also after a rotation and during an
 * outage. Uses jws and metadata; proof, token and session use it.
 */

export { toPublicKey, type VerificationKey } from './jwk.ts'
export { createKeySet, type KeySet } from './key-set.ts'
