export type { VerificationKey } from './jwk.ts'
export { createKeySet } from './key-set.ts'
