export { javaOrder } from './java-order.ts'
export { wildcardMatcher } from './wildcards.ts'
