export { type EffectiveMember, type EffectiveMembersOptions, effectiveMembers } from './effective-members.ts'
export { createMembershipReader, type Memberships } from './memberships-of-users.ts'
export type { RoleWay } from './role-ways.ts'
export {
  given,
  type MembershipOptions,
  type UserFilter,
  type UserListOptions,
  users,
  usersWithMemberships,
} from './users.ts'
