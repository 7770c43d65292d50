export type { VerificationKey } from './jwk.ts'
export { createKeySet, type KeySet } from './key-set.ts'
export { toPublicKey, type VerificationKey } from './jwk.ts'
export { createKeySet } from './key-set.ts'
