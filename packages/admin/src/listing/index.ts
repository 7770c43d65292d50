export { type EffectiveMember, type EffectiveMembersOptions, effectiveMembers } from './effective-members.ts'
export { type ExportOptions, type ExportReport, exportUsers } from './export.ts'
export { createMembershipReader, type Memberships } from './memberships-of-users.ts'
export type { RoleWay } from './role-ways.ts'
export {
  type MembershipOptions,
  type UserFilter,
  type UserListOptions,
  users,
  usersWithMemberships,
} from './users.ts'
