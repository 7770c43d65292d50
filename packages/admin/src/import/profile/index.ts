export { trimmed } from './findings.ts'
export { createProfileCheck, hiddenAttributes, type ProfileCheck, valuesOf } from './profile-check.ts'
