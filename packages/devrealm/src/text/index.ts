/** Strings as Keycloak handles them: the order of its maps, its wildcards. In and out: strings. */
export { javaOrder } from './java-order.ts'
export { wildcardMatcher } from './wildcards.ts'
