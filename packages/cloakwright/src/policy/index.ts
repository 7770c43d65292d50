export { clientRole, type Decision, type Policy, role, scope, user } from './policy.ts'
