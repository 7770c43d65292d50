/** Users of a realm, with roles and groups, by pages. Uses the client and the lookup; exports, the import and the realm as code use it. */

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
