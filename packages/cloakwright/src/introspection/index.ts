/**
 * Lightweight and opaque tokens. In: a token. Out: the claims that the realm returns for it. Uses http, jws and
 * metadata; token uses it.
 */

export { createIntrospection, type Introspection } from './introspection.ts'
export { isAccessToken, isLightweight, isOpaque } from './needs.ts'
export type { IntrospectionOptions } from './options.ts'
