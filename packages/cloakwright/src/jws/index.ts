/**
 * Code shared by all signed tokens: algorithms, base64url, strict JSON. In: strings and keys. Out: claims, and whether
 * a signature is valid. Uses no other folder; keys, introspection, proof, token and session use it.
 */

export {
  type Algorithm,
  algorithms,
  algorithmsOf,
  checkAlgorithms,
  isSigned,
  isSignedInPool,
} from './algorithms.ts'
export { decodeBytes, decodeText, type OneByteString, toOneByte } from './base64url.ts'
export type { Claims } from './claims.ts'
export { freezeThrough, parseStrictBytes, parseStrictObject } from './strict-json.ts'
