export { createProfileCheck, hiddenAttributes, type ProfileCheck, valuesOf } from './profile-check.ts'
export { trimmed } from './validators.ts'
