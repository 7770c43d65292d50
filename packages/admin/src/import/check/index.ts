export { checkRows, requireUserNames } from './check-rows.ts'
export { requireDefaultGroups } from './default-groups.ts'
export { requireImportRights } from './rights.ts'
export type { ImportWarning, WarningCode } from './warnings.ts'
