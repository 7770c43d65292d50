/** A file for each step of a login: its page, and what its form leads to. */
export { expiredMessage } from './step.ts'
export { showStep, stepOf } from './steps.ts'
