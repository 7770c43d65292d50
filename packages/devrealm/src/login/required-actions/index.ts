export type { ActionErrors } from './required-action.ts'
export { requiredActionStep } from './required-actions.ts'
