/** What checks, compares and masks the fields of objects. Uses nothing; every room above uses it. */

export type { Check, Fields, Problem } from './check.ts'
export { count, flag, isObject, join, list, map, name, object, oneOf, secret, text } from './check.ts'
export type { FieldChange } from './compare.ts'
export { changedFields, fieldChanges, fieldName, given, hidden, merged, missing, without } from './compare.ts'
export type { Known } from './known-fields.ts'
export { jobOptions, requireKnown } from './known-fields.ts'
export { mask, masked } from './mask.ts'
