export { type Algorithm, algorithms, algorithmsOf, checkAlgorithms, isSigned } from './algorithms.ts'
export { bytesOf, decodeBytes, decodeText } from './base64url.ts'
export type { Claims } from './claims.ts'
export { freezeThrough, parseStrictBytes, parseStrictObject } from './strict-json.ts'
