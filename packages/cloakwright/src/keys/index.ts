export { toPublicKey, type VerificationKey } from './jwk.ts'
export { createKeySet, type KeySet } from './key-set.ts'
