export type { VerificationKey } from './jwk.ts'
export { createKeySet, type KeySet, type KeySetOptions } from './key-set.ts'
