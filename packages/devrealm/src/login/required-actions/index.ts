/** One file per required action: its page, and what its form changes. */
export type { ActionErrors } from './required-action.ts'
export { requiredActionStep } from './required-actions.ts'
