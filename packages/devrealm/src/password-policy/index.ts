export { passwordProblem, policyProblem } from './password-policy.ts'
