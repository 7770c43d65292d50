/**
 * Password policies. In: a realm's policy, a user, a password. Out: the problem, if there is one. Uses crypto, java-pattern and
 * store.
 */

export { passwordProblem, policyProblem } from './password-policy.ts'
