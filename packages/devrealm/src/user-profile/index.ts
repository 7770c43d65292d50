/**
 * User attributes. In: a realm's profile and a user. Out: what may be viewed and edited, and validation errors. Uses
 * java-pattern, store and text; login and the Admin API use it.
 */

export { profileOf } from './access.ts'
export { isEditable, isVisible, keptAttributes, shownAttributes, unmanagedAttributes } from './attributes.ts'
export { type Proposed, profileProblems } from './check.ts'
export { profileConfigProblems } from './config.ts'
export { profileMetadata } from './metadata.ts'
export type { Profile } from './profile.ts'
