export { type Reconciled, reconcile } from './reconcile.ts'
export { comparedFields, UsersToConfirm } from './users-to-confirm.ts'
export { readMembers, readMembershipsOfEach, WantedMemberships } from './wanted-memberships.ts'
