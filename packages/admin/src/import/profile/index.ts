export { trimmed } from './findings.ts'
export { createProfileCheck, hiddenAttributes, valuesOf } from './profile-check.ts'
