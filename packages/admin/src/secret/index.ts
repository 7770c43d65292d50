/** `@cloakwright/admin/secrets`: rotation of client secrets, and the move to a key. */

export type { Command, Delivery } from './delivery.ts'
export type { MoveStep, MoveToKey, MoveToKeyOptions } from './move-to-key.ts'
export { moveToPrivateKeyJwt } from './move-to-key.ts'
export type { Overlap } from './overlap.ts'
export type { ProvedBy } from './proof.ts'
export type { RotateSecretOptions, RotationStep, SecretRotation } from './rotate.ts'
export { rotateSecret } from './rotate.ts'
export { readSecretStatus, type SecretStatus } from './secret-status.ts'
