/** One file per login step: its page, and the result of its form. */
export { expiredMessage, userOf } from './step.ts'
export { showStep, stepOf } from './steps.ts'
