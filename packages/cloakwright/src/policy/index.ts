export { clientRole, role, scope, user } from './policy.ts'
export type { Allowed, Decision, Policy, PolicyContext, Refused } from './types.ts'
