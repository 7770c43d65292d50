export { expiredMessage } from './step.ts'
export { showStep, stepOf } from './steps.ts'
